import { Link, Outlet } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { RouteFocus } from "@/app/route-focus";
import { useTitle } from "@/app/title";
import { t } from "@/text/en";
import { Mark } from "@/ui/mark";
import { Toasts } from "@/ui/toast";

export function AuthFrame() {
  return (
    <div className="strata grid min-h-dvh place-items-center px-4 py-10">
      <div className="w-full max-w-md">
        <Link to="/" className="mx-auto mb-6 flex w-fit items-center gap-2.5 rounded-md bg-paper px-4 py-1 font-serif text-2xl font-semibold">
          <Mark className="size-8" />
          {t.product}
        </Link>
        <main id="main" tabIndex={-1} className="rounded-lg outline-none border border-line bg-surface p-6 sm:p-8">
          <Outlet />
        </main>
      </div>
      <RouteFocus />
      <Toasts />
    </div>
  );
}

export function AuthHead({ title, hint }: { title: string; hint?: ReactNode }) {
  useTitle(title);
  return (
    <div className="mb-6">
      <h1 className="text-2xl">{title}</h1>
      {hint !== undefined && <p className="mt-1.5 text-muted">{hint}</p>}
    </div>
  );
}

export function AuthLink({ to, children }: { to: "/login" | "/signup" | "/auth/forgot"; children: ReactNode }) {
  return (
    <Link to={to} className="font-medium text-spruce underline underline-offset-2">
      {children}
    </Link>
  );
}
