import { lazy, Suspense } from "react";
import { Loading } from "./states";

const Rendered = lazy(() => import("./markdown-rendered"));

/** Markdown of agents and people, set as a document. Raw HTML in it is shown as text or left out, never run. */
export function Markdown({ text, requirementLink }: { text: string; requirementLink?: (id: string) => string }) {
  return (
    <Suspense fallback={<Loading lines={3} />}>
      <Rendered text={text} {...(requirementLink === undefined ? {} : { requirementLink })} />
    </Suspense>
  );
}
