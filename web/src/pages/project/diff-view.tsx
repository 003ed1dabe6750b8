import { Fragment, useMemo, useState } from "react";
import { cx } from "@/lib/cx";
import { type Block, compare, fold, type Piece, type Row } from "@/lib/diff";
import { useNarrow } from "@/lib/use-narrow";
import { t } from "@/text/en";
import { Button } from "@/ui/button";

const AROUND = 3;

interface DiffViewProps {
  /** Both texts, or rows where they were compared already. */
  before?: string;
  after?: string;
  rows?: readonly Row[];
  beforeLabel: string;
  afterLabel: string;
}

/** Two versions side by side; on a phone, one below the other. Changes are marked by sign and by colour. */
export default function DiffView({ before = "", after = "", rows: known, beforeLabel, afterLabel }: DiffViewProps) {
  const rows = useMemo(() => known ?? compare(before, after), [known, before, after]);
  const blocks = useMemo(() => fold(rows, AROUND), [rows]);
  const narrow = useNarrow();
  const changes = rows.filter((row) => row.kind !== "same").length;
  return (
    <div>
      <p role="status" className="mb-3 text-sm text-muted">
        {changes === 0 ? t.diff.same : t.diff.changes(changes)}
      </p>
      <div className="overflow-x-auto rounded-lg border border-line bg-surface" tabIndex={0} role="group" aria-label={t.diff.label}>
        {narrow ? (
          <Below blocks={blocks} beforeLabel={beforeLabel} afterLabel={afterLabel} />
        ) : (
        <table className="w-full table-fixed border-collapse font-mono text-[0.8125rem] leading-relaxed">
          <thead>
            <tr className="border-b border-line bg-sunken text-left font-sans text-sm">
              <th scope="col" className="px-3 py-2 font-medium">
                {beforeLabel}
              </th>
              <th scope="col" className="border-l border-line px-3 py-2 font-medium">
                {afterLabel}
              </th>
            </tr>
          </thead>
          <tbody>
            {blocks.map((block, index) => (
              <BlockRows key={index} block={block} />
            ))}
          </tbody>
        </table>
        )}
      </div>
    </div>
  );
}

/** What went, then what came in its place, line below line. */
function Below({ blocks, beforeLabel, afterLabel }: { blocks: readonly Block[]; beforeLabel: string; afterLabel: string }) {
  return (
    <div className="font-mono text-[0.8125rem] leading-relaxed">
      <p className="flex gap-4 border-b border-line bg-sunken px-3 py-2 font-sans text-sm">
        <span>
          <span aria-hidden>− </span>
          {beforeLabel}
        </span>
        <span>
          <span aria-hidden>+ </span>
          {afterLabel}
        </span>
      </p>
      {blocks.map((block, index) => (
        <BelowBlock key={index} block={block} />
      ))}
    </div>
  );
}

function BelowBlock({ block }: { block: Block }) {
  const [open, setOpen] = useState(!block.hidden);
  if (!open) {
    return (
      <div className="border-y border-line bg-sunken text-center font-sans">
        <Button look="quiet" size="sm" onClick={() => setOpen(true)}>
          {t.diff.hidden(block.rows.length)}
        </Button>
      </div>
    );
  }
  return block.rows.map((row, index) => (
    <Fragment key={index}>
      {row.kind === "same" ? (
        <div className="px-3 py-0.5">{row.after !== null && <SideLine side={row.after} changed={false} sign="" mark="" />}</div>
      ) : (
        <>
          {row.before !== null && (
            <div className="bg-danger-soft/60 px-3 py-0.5">
              <SideLine side={row.before} changed sign="−" mark="bg-danger/20" />
            </div>
          )}
          {row.after !== null && (
            <div className="bg-spruce-soft/70 px-3 py-0.5">
              <SideLine side={row.after} changed sign="+" mark="bg-spruce/25" />
            </div>
          )}
        </>
      )}
    </Fragment>
  ));
}

function BlockRows({ block }: { block: Block }) {
  const [open, setOpen] = useState(!block.hidden);
  if (!open) {
    return (
      <tr>
        <td colSpan={2} className="border-y border-line bg-sunken text-center font-sans">
          <Button look="quiet" size="sm" onClick={() => setOpen(true)}>
            {t.diff.hidden(block.rows.length)}
          </Button>
        </td>
      </tr>
    );
  }
  return (
    <>
      {block.rows.map((row, index) => (
        <Fragment key={index}>
          <tr className="align-top">
            <Side side={row.before} kind={row.kind} sign="−" tone="bg-danger-soft/60" mark="bg-danger/20" />
            <Side side={row.after} kind={row.kind} sign="+" tone="bg-spruce-soft/70" mark="bg-spruce/25" />
          </tr>
        </Fragment>
      ))}
    </>
  );
}

interface SideProps {
  side: Row["before"];
  kind: Row["kind"];
  sign: string;
  tone: string;
  mark: string;
}

function Side({ side, kind, sign, tone, mark }: SideProps) {
  const changed = side !== null && kind !== "same";
  return (
    <td className={cx("border-l border-line px-3 py-0.5 first:border-l-0", changed && tone, side === null && "bg-sunken/70")}>
      {side !== null && <SideLine side={side} changed={changed} sign={sign} mark={mark} />}
    </td>
  );
}

/** One line of one version, with the words that changed. */
function SideLine({ side, changed, sign, mark }: { side: NonNullable<Row["before"]>; changed: boolean; sign: string; mark: string }) {
  return (
    <span className="flex gap-3">
      <span aria-hidden className="w-8 shrink-0 select-none text-right text-muted max-sm:w-6">
        {side.line}
      </span>
      <span aria-hidden className="w-2 shrink-0 select-none">
        {changed ? sign : ""}
      </span>
      <span className="min-w-0 whitespace-pre-wrap wrap-anywhere">
        {changed && <span className="sr-only">{sign === "+" ? t.diff.added : t.diff.removed}</span>}
        {side.pieces.map((piece: Piece, index) =>
          piece.changed && changed ? (
            <mark key={index} className={cx("rounded-xs text-inherit", mark)}>
              {piece.text}
            </mark>
          ) : (
            <span key={index}>{piece.text}</span>
          ),
        )}
      </span>
    </span>
  );
}
