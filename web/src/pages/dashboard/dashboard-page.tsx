import { useInfiniteQuery } from "@tanstack/react-query";
import { Plus, Search } from "lucide-react";
import { useDeferredValue, useMemo, useState } from "react";
import { type Lifecycle, projectsQuery } from "@/api/queries";
import { useTitle } from "@/app/title";
import { may, useWorkspace } from "@/app/workspace";
import { useFollow } from "@/live/live";
import { cx } from "@/lib/cx";
import { arrange, type Filter, FILTER_NAMES, isMoving } from "@/lib/projects";
import { t } from "@/text/en";
import { Button, LinkButton } from "@/ui/button";
import { PageHead } from "@/ui/card";
import { Await, Empty } from "@/ui/states";
import { FirstProject } from "./first-project";
import { ProjectList } from "./project-list";

/** Projects whose changes are heard of as they happen; the others when the list is asked for again. */
const FOLLOWED_MAX = 20;
const REFRESH_MS = 60_000;

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
  const all = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const shown = useMemo(() => arrange(all, filter, wanted), [all, filter, wanted]);
  useFollow(all.filter(isMoving).slice(0, FOLLOWED_MAX).map((project) => ({ id: project.project_id, after: 0 })));
  const canCreate = may(current?.role, "editor") && current?.lifecycle === "active";
  const isFirst = query.isSuccess && all.length === 0 && lifecycle === "active";
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
        <div className="mb-5 flex flex-wrap items-center gap-3">
          <FilterBar filter={filter} onFilter={setFilter} />
          <div className="ml-auto flex grow items-center justify-end gap-3 sm:grow-0">
            <label className="relative grow sm:grow-0">
              <span className="sr-only">{t.project.search}</span>
              <Search className="pointer-events-none absolute left-3 top-3 size-4 text-muted" aria-hidden />
              <input
                type="search"
                value={search}
                onChange={(event) => setSearch(event.target.value)}
                placeholder={t.project.search}
                className="min-h-10 w-full rounded-md border border-edge bg-surface pl-9 pr-3 sm:w-56"
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
            <Empty title={t.project.noneFound}>{t.project.noneFoundHint}</Empty>
          ) : (
            <ProjectList projects={shown} canEdit={canCreate} />
          )
        }
      </Await>
      {query.hasNextPage && (
        <div className="mt-6 text-center">
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t.action.more}
          </Button>
        </div>
      )}
    </>
  );
}

function FilterBar({ filter, onFilter }: { filter: Filter; onFilter: (filter: Filter) => void }) {
  return (
    <div role="group" aria-label={t.project.filter} className="-mx-1 flex max-w-full gap-1 overflow-x-auto px-1">
      {FILTER_NAMES.map((name) => (
        <button
          key={name}
          type="button"
          aria-pressed={name === filter}
          onClick={() => onFilter(name)}
          className={cx("min-h-9 whitespace-nowrap rounded-md px-3 text-sm", name === filter ? "bg-spruce-soft font-medium text-spruce" : "text-muted hover:bg-sunken")}
        >
          {t.filter[name]}
        </button>
      ))}
    </div>
  );
}
