import { type ComponentType, lazy, Suspense } from "react";
import { Loading } from "./states";

const Rendered = lazy(() => import("./markdown-rendered"));

export interface BelowHeading {
  heading: string;
  anchor: string;
}

export interface MarkdownProps {
  text: string;
  /** Where a requirement that the text names can be read. */
  requirementLink?: ((id: string) => string) | undefined;
  /** Stands below each heading. The same component each time: another one would set the text anew. */
  below?: ComponentType<BelowHeading>;
}

/** Markdown of agents and people, set as a document. Raw HTML in it is shown as text or left out, never run. */
export function Markdown(props: MarkdownProps) {
  return (
    <Suspense fallback={<Loading lines={3} />}>
      <Rendered {...props} />
    </Suspense>
  );
}
