import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Plus, Search } from "lucide-react";
import { useDeferredValue, useEffect, useMemo, useState } from "react";
import { FOUND_MAX, foundQuery, type Lifecycle, projectsQuery, waitingQuery } from "@/api/queries";
import { useTitle } from "@/app/title";
import { may, useWorkspace } from "@/app/workspace";
import { useFollow } from "@/live/live";
import { cx } from "@/lib/cx";
import { arrange, type Filter, FILTER_NAMES, isMoving } from "@/lib/projects";
import { useSeen } from "@/lib/use-seen";
import { useSettled } from "@/lib/use-settled";
import { t } from "@/text/en";
import { Button, LinkButton } from "@/ui/button";
import { PageHead } from "@/ui/card";
import { Await, Empty } from "@/ui/states";
import { FirstProject } from "./first-project";
import { ProjectList } from "./project-list";

/** Projects whose changes are heard of as they happen; the others when the list is asked for again. */
const FOLLOWED_MAX = 20;
const REFRESH_MS = 60_000;
/** The server is asked when nothing was typed for so long. */
const SEARCH_MS = 250;

export function DashboardPage() {
  useTitle(t.nav.projects);
  const { current } = useWorkspace();
  const [lifecycle, setLifecycle] = useState<Lifecycle>("active");
  const [filter, setFilter] = useState<Filter>("all");
  const [search, setSearch] = useState("");
  const wanted = useDeferredValue(search);
  const query = useInfiniteQuery({
    ...projectsQuery(current?.id ?? null, lifecycle),
    enabled: current !== undefined,
    refetchInterval: REFRESH_MS,
  });
  // What waits is first, also where it lies pages away.
  const waiting = useQuery({ ...waitingQuery, enabled: query.hasNextPage }).data;
  // What is looked for is asked of the server, which knows all projects; with what is loaded it is found before it answers.
  const settled = useSettled(wanted.trim(), SEARCH_MS);
  const found = useQuery({ ...foundQuery(settled), enabled: query.hasNextPage && settled !== "" });
  const all = useMemo(() => {
    const pages = query.data?.pages.flatMap((page) => page.items) ?? [];
    const known = new Set(pages.map((project) => project.project_id));
    const ahead = lifecycle !== "active" ? [] : (waiting ?? []);
    const more = [...ahead, ...(found.data ?? [])].filter((project) => {
      const isNew = project.workspace_id === current?.id && project.lifecycle === lifecycle && !known.has(project.project_id);
      known.add(project.project_id);
      return isNew;
    });
    return [...more, ...pages];
  }, [query.data, waiting, found.data, lifecycle, current?.id]);
  const shown = useMemo(() => arrange(all, filter, wanted), [all, filter, wanted]);
  // A filter and a search are for all projects, not for those that happen to be loaded.
  const isSearch = wanted.trim() !== "";
  const isTold = found.isSuccess && settled === wanted.trim();
  const isNarrowed = filter !== "all" || (isSearch && (found.isError || (isTold && found.data.length >= FOUND_MAX)));
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  useEffect(() => {
    if (isNarrowed && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [isNarrowed, hasNextPage, isFetchingNextPage, fetchNextPage]);
  // The end of what was found is not the end of what is loaded.
  const hasMore = hasNextPage && (!isSearch || isNarrowed);
  const end = useSeen<HTMLDivElement>(() => hasMore && !isFetchingNextPage && void fetchNextPage(), hasMore);
  const moving = all.filter(isMoving);
  useFollow(moving.slice(0, FOLLOWED_MAX).map((project) => ({ id: project.project_id, after: project.last_sequence })));
  const canCreate = may(current?.role, "editor") && current?.lifecycle === "active";
  const isEmpty = query.isSuccess && all.length === 0 && lifecycle === "active";
  const others = useHasOthers(current?.id, isEmpty);
  const isFirst = isEmpty && others === false;
  return (
    <>
      <PageHead
        title={t.nav.projects}
        hint={current?.name}
        action={
          canCreate &&
          !isFirst && (
            <LinkButton to="/projects/new" look="primary">
              <Plus className="size-4" aria-hidden />
              {t.project.new}
            </LinkButton>
          )
        }
      />
      {!isFirst && (
        <div className="mb-5 flex flex-wrap items-center gap-x-3 gap-y-2">
          <FilterBar filter={filter} onFilter={setFilter} />
          <div className="ml-auto flex grow items-center justify-end gap-2 sm:grow-0">
            <label className="relative min-w-0 grow sm:grow-0">
              <span className="sr-only">{t.project.search}</span>
              <Search className="pointer-events-none absolute left-3 top-3 size-4 text-muted" aria-hidden />
              <input
                type="search"
                value={search}
                onChange={(event) => setSearch(event.target.value)}
                placeholder={t.project.search}
                className="min-h-10 w-full rounded-md border border-edge bg-surface pl-9 pr-3 sm:w-52"
              />
            </label>
            <select
              aria-label={t.lifecycle.label}
              value={lifecycle}
              onChange={(event) => setLifecycle(event.target.value as Lifecycle)}
              className="min-h-10 rounded-md border border-edge bg-surface px-3"
            >
              {(["active", "archived", "deleted"] as const).map((one) => (
                <option key={one} value={one}>
                  {t.lifecycle[one]}
                </option>
              ))}
            </select>
          </div>
        </div>
      )}
      <Await query={query} lines={6}>
        {() =>
          isFirst ? (
            <FirstProject canCreate={canCreate} />
          ) : shown.length === 0 ? (
            isEmpty ? (
              <Empty title={t.project.noneActive}>{t.project.noneActiveHint}</Empty>
            ) : (
              <Empty title={(isNarrowed && hasNextPage) || (isSearch && hasNextPage && !isTold && !found.isError) ? t.project.searching : t.project.noneFound}>{t.project.noneFoundHint}</Empty>
            )
          ) : (
            <ProjectList projects={shown} canEdit={canCreate} />
          )
        }
      </Await>
      {moving.length > FOLLOWED_MAX && <p className="mt-3 text-sm text-muted">{t.project.someLive(FOLLOWED_MAX)}</p>}
      {hasMore && (
        <div ref={end} className="mt-6 text-center">
          <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {t.action.more}
          </Button>
        </div>
      )}
    </>
  );
}

/** Whether projects were put away, which is asked only where none is in use; undefined until it is known. */
function useHasOthers(workspace: string | undefined, isAsked: boolean): boolean | undefined {
  const enabled = isAsked && workspace !== undefined;
  const archived = useInfiniteQuery({ ...projectsQuery(workspace ?? null, "archived"), enabled });
  const deleted = useInfiniteQuery({ ...projectsQuery(workspace ?? null, "deleted"), enabled });
  const lists = [archived, deleted];
  if (lists.some((list) => (list.data?.pages[0]?.items.length ?? 0) > 0)) return true;
  return lists.every((list) => list.isSuccess || list.isError) ? false : undefined;
}

function FilterBar({ filter, onFilter }: { filter: Filter; onFilter: (filter: Filter) => void }) {
  return (
    <div role="group" aria-label={t.project.filter} className="-mx-1 flex max-w-full gap-1 overflow-x-auto px-1 max-sm:w-full">
      {FILTER_NAMES.map((name) => (
        <button
          key={name}
          type="button"
          aria-pressed={name === filter}
          onClick={() => onFilter(name)}
          className={cx("min-h-9 shrink-0 whitespace-nowrap rounded-md px-3 text-sm max-sm:px-2.5", name === filter ? "bg-spruce-soft font-medium text-spruce" : "text-muted hover:bg-sunken")}
        >
          {t.filter[name]}
        </button>
      ))}
    </div>
  );
}
