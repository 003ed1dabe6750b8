import { useQuery } from "@tanstack/react-query";
import { Link, useLocation, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useEffect } from "react";
import type { Schemas } from "@/api/client";
import { artifactDiffQuery, artifactQuery, artifactVersionsQuery } from "@/api/queries";
import { readSources } from "@/api/shapes";
import { type Heading, headingsOf } from "@/lib/anchors";
import { cx } from "@/lib/cx";
import { rowsOfHunks } from "@/lib/diff-rows";
import { dateTime, words } from "@/lib/format";
import { bodyOf } from "@/lib/handoff";
import { readReview } from "@/lib/verdict";
import { t } from "@/text/en";
import { Badge } from "@/ui/badge";
import { LinkButton } from "@/ui/button";
import { Section } from "@/ui/card";
import { CopyButton } from "@/ui/copy";
import { Select } from "@/ui/field";
import { Markdown } from "@/ui/markdown";
import { Await, Empty, Loading } from "@/ui/states";
import { CodeFiles } from "./code-files";
import { Comments } from "./comments";
import { EditArtifact } from "./edit-artifact";
import { isReview, ReviewText } from "./review-tab";
import { useProject } from "./use-project";

const DiffView = lazy(() => import("./diff-view"));

type Item = Schemas["ArtifactItem"];

/** One document in one version, or beside another version of itself. */
export function ArtifactTab() {
  const project = useProject();
  const { name } = useParams({ from: "/signed-in/projects/$projectId/artifacts/$name" });
  const query = useQuery(artifactVersionsQuery(project.project_id));
  return (
    <Await query={query}>
      {(all) => {
        const versions = all.filter((artifact) => artifact.name === name).sort((a, b) => b.version - a.version);
        return versions.length === 0 ? <Empty title={t.artifactPage.none} /> : <Versions versions={versions} />;
      }}
    </Await>
  );
}

function Versions({ versions }: { versions: readonly Item[] }) {
  const project = useProject();
  const { version, against } = useSearch({ from: "/signed-in/projects/$projectId/artifacts/$name" });
  const current = versions.find((one) => one.state === "current") ?? versions[0];
  const shown = versions.find((one) => one.version === version) ?? current;
  const other = versions.find((one) => one.version === against);
  const whole = useQuery({ ...artifactQuery(shown?.id ?? "", shown?.version ?? 0), enabled: shown !== undefined });
  const before = useQuery({ ...artifactQuery(other?.id ?? "", other?.version ?? 0), enabled: other !== undefined && shown?.format === "markdown" });
  if (shown === undefined) return null;
  return (
    <Section
      title={t.artifact[shown.name] ?? words(shown.name)}
      hint={<Origin item={shown} />}
      action={
        whole.data !== undefined && (
          <span className="flex flex-wrap gap-2">
            <EditArtifact project={project} item={shown} text={whole.data.content} />
            {(shown.format === "markdown" || bodyOf(whole.data.content) !== null) && <CopyButton text={bodyOf(whole.data.content) ?? whole.data.content} label={t.artifactPage.copy} />}
          </span>
        )
      }
    >
      {versions.length > 1 && <VersionBar versions={versions} shown={shown} against={other?.version} />}
      <Await query={whole}>
        {(artifact) =>
          other === undefined ? (
            <Reader item={shown} text={artifact.content} />
          ) : shown.format === "json" ? (
            <SetDiff artifactId={shown.id} from={other.version} to={shown.version} />
          ) : (
            <Await query={before}>
              {(older) => (
                <Suspense fallback={<Loading />}>
                  <DiffView before={older.content} after={artifact.content} beforeLabel={t.project.version(older.version)} afterLabel={t.project.version(artifact.version)} />
                </Suspense>
              )}
            </Await>
          )
        }
      </Await>
      {shown.format === "markdown" && <Comments artifactId={shown.id} version={shown.version} project={project} />}
    </Section>
  );
}

/** Two versions of a set of prompts, or of files: the server compares them as one text. */
function SetDiff({ artifactId, from, to }: { artifactId: string; from: number; to: number }) {
  const query = useQuery(artifactDiffQuery(artifactId, from, to));
  return (
    <Await query={query}>
      {(diff) => (
        <Suspense fallback={<Loading />}>
          <DiffView rows={rowsOfHunks(diff.hunks)} beforeLabel={t.project.version(from)} afterLabel={t.project.version(to)} />
        </Suspense>
      )}
    </Await>
  );
}

/** Who wrote it, when, with what, from what. */
function Origin({ item }: { item: Item }) {
  const sources = readSources(item.sources).map((source) => (source.name === null ? words(source.source) : `${t.artifact[source.name] ?? words(source.name)} ${source.version ?? ""}`.trim()));
  return (
    <span className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm">
      <Badge tone={item.state === "current" ? "spruce" : "plain"}>{t.artifactState[item.state] ?? item.state}</Badge>
      <span>
        {t.agent[item.agent] ?? words(item.agent)}
        {item.model != null && ` · ${t.model(item.model)}`} · {dateTime(item.generated_at)}
      </span>
      {sources.length > 0 && <span>{t.artifactPage.from(sources)}</span>}
      <span className="max-sm:hidden" title={t.artifactPage.digest}>
        {t.artifactPage.fingerprint} <span className="font-mono text-xs">{item.digest.slice(0, 12)}</span>
      </span>
    </span>
  );
}

function VersionBar({ versions, shown, against }: { versions: readonly Item[]; shown: Item; against: number | undefined }) {
  const navigate = useNavigate({ from: "/projects/$projectId/artifacts/$name" });
  const older = versions.filter((one) => one.version !== shown.version);
  return (
    <div className="flex flex-wrap items-end gap-3 rounded-md bg-sunken px-4 py-3 max-sm:grid max-sm:grid-cols-2">
      <Select label={t.artifactPage.version} value={shown.version} onChange={(event) => void navigate({ search: { version: Number(event.target.value) } })} className="w-72 max-w-full max-sm:w-full">
        {versions.map((one) => (
          <option key={one.version} value={one.version}>
            {t.project.version(one.version)} · {dateTime(one.generated_at)}
          </option>
        ))}
      </Select>
      <Select
        label={t.artifactPage.compare}
        value={against ?? ""}
        onChange={(event) => void navigate({ search: { version: shown.version, ...(event.target.value === "" ? {} : { against: Number(event.target.value) }) } })}
        className="w-56 max-w-full max-sm:w-full"
      >
        <option value="">{t.artifactPage.noCompare}</option>
        {older.map((one) => (
          <option key={one.version} value={one.version}>
            {t.project.version(one.version)}
          </option>
        ))}
      </Select>
    </div>
  );
}

function Reader({ item, text }: { item: Item; text: string }) {
  const { hash } = useLocation();
  const project = useProject();
  // The text is rendered later than the page, so the browser has looked for the place too early.
  useEffect(() => {
    if (hash === "") return;
    const timer = window.setTimeout(() => document.getElementById(hash)?.scrollIntoView(), 150);
    return () => window.clearTimeout(timer);
  }, [hash, text]);
  if (item.name === "code") return <CodeFiles project={project} text={text} current={item.state === "current"} digest={item.digest} />;
  if (item.name === "prompts") {
    return (
      <LinkButton to="/projects/$projectId/prompts" params={{ projectId: project.project_id }}>
        {t.completed.prompts}
      </LinkButton>
    );
  }
  if (isReview(item.name) && item.format === "markdown" && readReview(text).outcome !== null) {
    return (
      <div className="space-y-6">
        <ReviewText name={item.name} text={text} />
        <details>
          <summary className="cursor-pointer text-sm text-muted">{t.artifactPage.written}</summary>
          <div className="mt-3">
            <Document text={text} />
          </div>
        </details>
      </div>
    );
  }
  if (item.format !== "json") return <Document text={text} />;
  const body = bodyOf(text);
  const raw = (
    <pre tabIndex={0} className="overflow-x-auto rounded-lg border border-line bg-sunken p-5 font-mono text-sm">
      {pretty(text)}
    </pre>
  );
  if (body === null) return raw;
  return (
    <div className="space-y-6">
      <Document text={body} />
      <details>
        <summary className="cursor-pointer text-sm text-muted">{t.artifactPage.raw}</summary>
        <div className="mt-3">{raw}</div>
      </details>
    </div>
  );
}

function Document({ text }: { text: string }) {
  const headings = headingsOf(text).filter((heading) => heading.level <= 3);
  return (
    <div className="grid gap-10 lg:grid-cols-[minmax(0,1fr)_15rem]">
      <div className="min-w-0 rounded-lg border border-line bg-surface px-5 py-6 sm:px-10 sm:py-9">
        <Markdown text={text} requirementLink={(id) => `#${id}`} />
      </div>
      {headings.length > 2 && <Contents headings={headings} />}
    </div>
  );
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function Contents({ headings }: { headings: readonly Heading[] }) {
  return (
    <nav aria-label={t.artifactPage.contents} className="top-6 hidden max-h-[calc(100dvh-3rem)] self-start overflow-y-auto text-sm lg:sticky lg:block">
      <p className="mb-2 font-medium">{t.artifactPage.contents}</p>
      <ul className="border-l border-line">
        {headings.map((heading, index) => (
          <li key={`${heading.anchor}/${index}`}>
            <Link to="." search hash={heading.anchor} className={cx("block py-1 pr-2 text-muted hover:text-ink", heading.level > 2 ? "pl-6" : "pl-3")}>
              {heading.text}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

