import { Link, type LinkProps } from "@tanstack/react-router";
import { LoaderCircle } from "lucide-react";
import type { ButtonHTMLAttributes, ReactNode } from "react";
import { cx } from "@/lib/cx";

type Look = "primary" | "secondary" | "quiet" | "danger" | "clay";
type Size = "md" | "sm" | "icon";

const LOOKS: Record<Look, string> = {
  primary: "bg-spruce text-on-spruce hover:bg-spruce-strong border border-transparent",
  secondary: "bg-surface text-ink border border-edge/50 hover:border-edge hover:bg-sunken",
  quiet: "text-ink hover:bg-sunken border border-transparent",
  danger: "bg-surface text-danger border border-danger/50 hover:bg-danger-soft",
  clay: "bg-clay text-on-spruce hover:brightness-110 border border-transparent",
};
const SIZES: Record<Size, string> = {
  md: "min-h-10 px-4 py-2 gap-2",
  sm: "min-h-8 px-3 py-1 gap-1.5 text-sm",
  icon: "size-10 justify-center shrink-0",
};

export function buttonClass(look: Look = "secondary", size: Size = "md", extra?: string): string {
  return cx(
    "inline-flex items-center justify-center rounded-md font-medium leading-tight transition-colors",
    "disabled:opacity-55 aria-disabled:opacity-55",
    LOOKS[look],
    SIZES[size],
    extra,
  );
}

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  size?: Size;
  busy?: boolean;
  children: ReactNode;
}

export function Button({ look, size, busy = false, className, children, disabled, type = "button", ...rest }: ButtonProps) {
  return (
    <button
      type={type}
      className={buttonClass(look, size, className)}
      disabled={disabled === true || busy}
      aria-busy={busy || undefined}
      {...rest}
    >
      {busy && <LoaderCircle className="size-4 animate-spin" aria-hidden />}
      {children}
    </button>
  );
}

type LinkButtonProps = LinkProps & { look?: Look; size?: Size; className?: string; onClick?: () => void; children: ReactNode };

export function LinkButton({ look, size, className, children, ...rest }: LinkButtonProps) {
  return (
    <Link className={buttonClass(look, size, className)} {...rest}>
      {children}
    </Link>
  );
}
