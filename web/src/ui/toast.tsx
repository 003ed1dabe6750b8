import { Link } from "@tanstack/react-router";
import { X } from "lucide-react";
import { Toast as Radix } from "radix-ui";
import { useSyncExternalStore } from "react";
import { cx } from "@/lib/cx";
import { t } from "@/text/en";
import { explain } from "./states";

interface Note {
  id: number;
  text: string;
  bad: boolean;
  /** The project that it is about. */
  projectId: string | undefined;
  /** What it tells of; none: nothing that goes on. */
  about: string | undefined;
}

let notes: readonly Note[] = [];
let next = 1;
const listeners = new Set<() => void>();

function set(fresh: readonly Note[]): void {
  notes = fresh;
  for (const listener of listeners) listener();
}

interface Telling {
  bad?: boolean;
  projectId?: string | undefined;
  about?: string;
}

/** Says something that needs no answer. `about`: takes the place of what was said of the same before. */
export function tell(text: string, { bad = false, projectId, about }: Telling = {}): void {
  // The same once more is no news.
  const others = notes.filter((note) => note.text !== text && (about === undefined || note.about !== about));
  set([...others.slice(-2), { id: next, text, bad, projectId, about }]);
  next += 1;
}

/** Says why something did not work, where there is no better place for it. */
export const tellProblem = (error: unknown): void => tell(explain(error), { bad: true });

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => notes);
  return (
    <Radix.Provider swipeDirection="right" label={t.state.notices}>
      {shown.map((note) => (
        <Radix.Root
          key={note.id}
          duration={note.bad || note.projectId !== undefined ? 9_000 : 4_000}
          onOpenChange={(open) => !open && set(notes.filter((other) => other.id !== note.id))}
          className={cx(
            "flex items-start gap-3 rounded-md border px-4 py-3 shadow-lg animate-rise",
            note.bad ? "border-danger/50 bg-danger-soft text-danger" : "border-line bg-surface",
          )}
        >
          <Radix.Description className="grow">
            {note.text}
            {note.projectId !== undefined && (
              <>
                {" "}
                <Link to="/projects/$projectId" params={{ projectId: note.projectId }} className="font-medium whitespace-nowrap text-spruce underline underline-offset-2">
                  {t.notice.open}
                </Link>
              </>
            )}
          </Radix.Description>
          <Radix.Close aria-label={t.action.close} className="grid size-7 shrink-0 place-items-center rounded-sm hover:bg-sunken">
            <X className="size-4" aria-hidden />
          </Radix.Close>
        </Radix.Root>
      ))}
      {/* What is to be done stands at the lower edge (`dock`): notices keep off it, above, or at the side where there is room. */}
      <Radix.Viewport className="fixed right-4 top-4 z-60 flex w-[min(24rem,calc(100vw-2rem))] flex-col gap-2 lg:bottom-4 lg:top-auto lg:w-80" />
    </Radix.Provider>
  );
}
