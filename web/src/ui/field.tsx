import { Eye, EyeOff } from "lucide-react";
import { type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, type TextareaHTMLAttributes, useId, useState } from "react";
import { t } from "@/text/en";
import { cx } from "@/lib/cx";

const CONTROL =
  "w-full rounded-md border border-edge bg-surface px-3 py-2 text-ink min-h-10 aria-invalid:border-danger disabled:bg-sunken disabled:text-muted";

interface Common {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  hideLabel?: boolean;
}

/** Servers speak of a field without its name: "is not an email address". */
export const sentence = (label: string, error: string): string => (/^[a-z]/.test(error) ? `${label} ${error.replace(/\.$/, "")}.` : error);

interface FrameProps extends Common {
  id: string;
  children: ReactNode;
  className?: string | undefined;
}

function Frame({ id, label, hint, error, hideLabel = false, children, className }: FrameProps) {
  return (
    <div className={cx("space-y-1.5", className)}>
      <label htmlFor={id} className={cx("block text-sm font-medium", hideLabel && "sr-only")}>
        {label}
      </label>
      {children}
      {hint !== undefined && (
        <p id={`${id}-hint`} className="text-sm text-muted">
          {hint}
        </p>
      )}
      {error !== undefined && (
        <p id={`${id}-error`} className="text-sm font-medium text-danger">
          {sentence(label, error)}
        </p>
      )}
    </div>
  );
}

function described(id: string, hint: ReactNode, error: string | undefined) {
  const ids = [hint !== undefined && `${id}-hint`, error !== undefined && `${id}-error`].filter(Boolean);
  return {
    "aria-invalid": error !== undefined || undefined,
    "aria-describedby": ids.length > 0 ? ids.join(" ") : undefined,
  };
}

export function Input({ label, hint, error, hideLabel, className, ...rest }: Common & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  return (
    <Frame {...{ id, label, hint, error, className }} {...(hideLabel === undefined ? {} : { hideLabel })}>
      <input id={id} dir="auto" className={CONTROL} {...described(id, hint, error)} {...rest} />
    </Frame>
  );
}

/** A password, shown while its owner wants to see it. */
export function PasswordInput({ label, hint, error, hideLabel, className, ...rest }: Common & Omit<InputHTMLAttributes<HTMLInputElement>, "type">) {
  const id = useId();
  const [shown, setShown] = useState(false);
  const Icon = shown ? EyeOff : Eye;
  return (
    <Frame {...{ id, label, hint, error, className }} {...(hideLabel === undefined ? {} : { hideLabel })}>
      <span className="relative block">
        <input id={id} className={cx(CONTROL, "pr-11")} {...described(id, hint, error)} {...rest} type={shown ? "text" : "password"} />
        <button type="button" aria-label={t.auth.showPassword} aria-pressed={shown} onClick={() => setShown(!shown)} className="absolute right-1 top-1 grid size-8 place-items-center rounded-sm text-muted hover:text-ink">
          <Icon className="size-4.5" aria-hidden />
        </button>
      </span>
    </Frame>
  );
}

/** `tall`: for a whole document, as high as the screen lets it be; `mono`: for Markdown as it is written. */
export function Textarea({ label, hint, error, hideLabel, className, tall = false, mono = false, ...rest }: Common & { tall?: boolean; mono?: boolean } & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  const id = useId();
  return (
    <Frame {...{ id, label, hint, error, className }} {...(hideLabel === undefined ? {} : { hideLabel })}>
      <textarea id={id} dir="auto" className={cx(CONTROL, "leading-relaxed", tall && "h-[55dvh] min-h-60", mono && "font-mono text-[0.8125rem]")} {...described(id, hint, error)} {...rest} />
    </Frame>
  );
}

export function Select({ label, hint, error, hideLabel, className, children, ...rest }: Common & SelectHTMLAttributes<HTMLSelectElement>) {
  const id = useId();
  return (
    <Frame {...{ id, label, hint, error, className }} {...(hideLabel === undefined ? {} : { hideLabel })}>
      <select id={id} className={CONTROL} {...described(id, hint, error)} {...rest}>
        {children}
      </select>
    </Frame>
  );
}
