import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { type ReactNode, useRef } from "react";
import { cx } from "@/lib/cx";
import { focusMain } from "@/lib/focus";
import { t } from "@/text/en";
import { buttonClass } from "./button";

interface DialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  hint?: ReactNode;
  /** For long texts: most of the screen. */
  wide?: boolean;
  children: ReactNode;
}

export function Dialog({ open, onOpenChange, title, hint, wide = false, children }: DialogProps) {
  // Dialogs here have no trigger of their own, so where the focus was is kept by hand.
  const before = useRef<Element | null>(null);
  const giveBack = (event: Event) => {
    event.preventDefault();
    if (before.current instanceof HTMLElement && before.current.isConnected) before.current.focus();
    else focusMain();
  };
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/45" />
        <Radix.Content
          onOpenAutoFocus={() => {
            before.current = document.activeElement;
          }}
          onCloseAutoFocus={giveBack}
          {...(hint === undefined ? { "aria-describedby": undefined } : {})}
          className={cx(
            "fixed inset-x-0 bottom-0 z-50 max-h-[94dvh] overflow-y-auto rounded-t-lg border border-line bg-paper p-5 animate-rise sm:inset-x-auto sm:bottom-auto sm:left-1/2 sm:top-1/2 sm:w-[calc(100vw-3rem)] sm:-translate-x-1/2 sm:-translate-y-1/2 sm:rounded-lg sm:p-6",
            wide ? "sm:max-w-4xl" : "sm:max-w-lg",
          )}
        >
          <div className="mb-4 flex items-start justify-between gap-4">
            <div>
              <Radix.Title className="text-xl">{title}</Radix.Title>
              {hint !== undefined && <Radix.Description className="mt-1 text-muted">{hint}</Radix.Description>}
            </div>
            <Radix.Close className={buttonClass("quiet", "icon", "-mr-2 -mt-2")} aria-label={t.action.close}>
              <X className="size-5" aria-hidden />
            </Radix.Close>
          </div>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
