import { type ReactNode, useState } from "react";
import { t } from "@/text/en";
import { Button } from "./button";
import { Dialog } from "./dialog";
import { Failed } from "./states";

interface ConfirmProps {
  title: string;
  hint: ReactNode;
  action: string;
  trigger: (open: () => void) => ReactNode;
  onConfirm: () => Promise<unknown>;
}

/** Asks once more before something that cannot simply be taken back. */
export function Confirm({ title, hint, action, trigger, onConfirm }: ConfirmProps) {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const confirm = async () => {
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      setOpen(false);
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      {trigger(() => setOpen(true))}
      <Dialog open={open} onOpenChange={setOpen} title={title} hint={hint}>
        {error !== null && <Failed error={error} />}
        <div className="mt-4 flex flex-wrap justify-end gap-2">
          <Button onClick={() => setOpen(false)}>{t.action.cancel}</Button>
          <Button look="danger" busy={busy} onClick={() => void confirm()}>
            {action}
          </Button>
        </div>
      </Dialog>
    </>
  );
}
