import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, type LinkProps } from "@tanstack/react-router";
import { ChartColumn, ChevronsUpDown, Hourglass, LayoutList, type LucideIcon, LogOut, Moon, Settings, ShieldCheck, Sun, SunMoon, Workflow } from "lucide-react";
import { useEffect } from "react";
import { meQuery } from "@/api/queries";
import { hearOtherPages } from "@/api/other-pages";
import { changes } from "@/api/slow";
import { live, takeChange } from "@/live/live";
import { cx } from "@/lib/cx";
import { t } from "@/text/en";
import { Initials } from "@/ui/initials";
import { Mark } from "@/ui/mark";
import { Menu, MenuItem, MenuLabel, MenuLine } from "@/ui/menu";
import { Toasts, tellProblem } from "@/ui/toast";
import { ConnectionBadge, ConnectionBar } from "./connection-badge";
import { useIsOperator } from "./operator";
import { RouteFocus } from "./route-focus";
import { signOut } from "./session";
import { setTitleCount } from "./title";
import { setTheme, type Theme, useTheme } from "./theme";
import { Notices } from "./notices";
import { useWaitCount } from "./waiting";
import { selectWorkspace, useWorkspace } from "./workspace";

interface Place {
  to: LinkProps["to"];
  label: string;
  icon: LucideIcon;
}

const PLACES: readonly Place[] = [
  { to: "/projects", label: t.nav.projects, icon: LayoutList },
  { to: "/inbox", label: t.nav.inbox, icon: Hourglass },
  { to: "/pipelines", label: t.nav.pipelines, icon: Workflow },
  { to: "/usage", label: t.nav.usage, icon: ChartColumn },
  { to: "/settings", label: t.nav.settings, icon: Settings },
];
const ADMIN: Place = { to: "/admin", label: t.nav.admin, icon: ShieldCheck };
const THEME_ICONS: Record<Theme, LucideIcon> = { system: SunMoon, light: Sun, dark: Moon };

export function Shell() {
  useEffect(() => live.start(), []);
  useEffect(() => hearOtherPages(takeChange), []);
  // A server that takes long to answer may be one that is gone.
  useEffect(() => changes.subscribe(() => changes.isLate() && live.probe()), []);
  const isOperator = useIsOperator();
  const places = isOperator ? [...PLACES, ADMIN] : PLACES;
  return (
    <div className="md:grid md:min-h-dvh md:grid-cols-[15rem_1fr]">
      <a href="#main" className="sr-only focus:not-sr-only focus:fixed focus:left-4 focus:top-4 focus:z-60 focus:rounded-md focus:bg-spruce focus:px-4 focus:py-2 focus:text-on-spruce">
        {t.nav.skip}
      </a>
      <aside className="sticky top-0 hidden h-dvh flex-col overflow-y-auto border-r border-line bg-sunken/60 px-4 py-5 md:flex">
        <Link to="/projects" className="mb-6 flex items-center gap-2.5 px-2 font-serif text-xl font-semibold">
          <Mark className="size-7" />
          {t.product}
        </Link>
        <WorkspaceMenu />
        <nav aria-label={t.nav.main} className="mt-4 space-y-0.5">
          {places.map((place) => (
            <SideLink key={place.to} {...place} />
          ))}
        </nav>
        <div className="mt-auto space-y-3 px-2 pt-4">
          <ConnectionBadge />
          <PersonMenu />
        </div>
      </aside>
      <div className="flex min-h-dvh min-w-0 flex-col pb-20 md:pb-0">
        <header className="flex items-center justify-between gap-3 border-b border-line bg-sunken/60 px-4 py-2.5 md:hidden">
          <Link to="/projects" className="flex items-center gap-2 font-serif text-lg font-semibold">
            <Mark className="size-6" />
            {t.product}
          </Link>
          <div className="flex items-center gap-2">
            <ConnectionBadge compact />
            <PersonMenu compact />
          </div>
        </header>
        <ConnectionBar />
        <main id="main" tabIndex={-1} className="mx-auto w-full max-w-6xl grow px-4 py-6 outline-none sm:px-8 sm:py-10">
          <Outlet />
        </main>
      </div>
      <nav aria-label={t.nav.main} className="fixed inset-x-0 bottom-0 z-30 grid grid-flow-col border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] md:hidden">
        {places.map((place) => (
          <BottomLink key={place.to} {...place} />
        ))}
      </nav>
      <RouteFocus />
      <Notices />
      <TitleCount />
      <Toasts />
    </div>
  );
}

/** How much waits stands in the title too, for who is in another tab. */
function TitleCount() {
  const waiting = useWaitCount();
  useEffect(() => setTitleCount(waiting), [waiting]);
  return null;
}

function WaitingCount() {
  const waiting = useWaitCount();
  if (waiting === 0) return null;
  return (
    <span className="ml-auto rounded-full bg-clay px-1.5 text-xs font-semibold leading-5 text-on-spruce">
      {waiting}
      <span className="sr-only"> {t.inbox.waiting}</span>
    </span>
  );
}

function SideLink({ to, label, icon: Icon }: Place) {
  return (
    <Link
      to={to}
      className="flex min-h-9 items-center gap-2.5 rounded-md px-2 py-1.5 text-muted hover:bg-sunken hover:text-ink"
      activeProps={{ className: "bg-surface! text-ink! font-medium border border-line shadow-xs" }}
    >
      <Icon className="size-4.5" aria-hidden />
      {label}
      {to === "/inbox" && <WaitingCount />}
    </Link>
  );
}

function BottomLink({ to, label, icon: Icon }: Place) {
  return (
    <Link to={to} className="relative flex min-h-14 flex-col items-center justify-center gap-0.5 text-[0.6875rem] text-muted" activeProps={{ className: "text-spruce! font-semibold" }}>
      <Icon className="size-5" aria-hidden />
      {label}
      {to === "/inbox" && (
        <span className="absolute right-2 top-1">
          <WaitingCount />
        </span>
      )}
    </Link>
  );
}

function WorkspaceMenu() {
  const { current, all } = useWorkspace();
  if (current === undefined) return null;
  return (
    <Menu
      align="start"
      trigger={
        <button type="button" className="flex w-full items-center gap-2 rounded-md border border-line bg-surface px-3 py-2 text-left hover:border-edge">
          <span className="min-w-0 grow">
            <span className="block text-xs text-muted">{t.workspace.label}</span>
            <span className="block truncate font-medium">{current.name}</span>
          </span>
          <ChevronsUpDown className="size-4 shrink-0 text-muted" aria-hidden />
        </button>
      }
    >
      {all
        .filter((one) => one.lifecycle !== "deleted")
        .map((one) => (
          <MenuItem key={one.id} onSelect={() => selectWorkspace(one.id)}>
            <span className={cx("grow", one.id === current.id && "font-semibold")}>{one.name}</span>
            <span className="text-xs text-muted">{t.role[one.role] ?? one.role}</span>
          </MenuItem>
        ))}
    </Menu>
  );
}

function PersonMenu({ compact = false }: { compact?: boolean }) {
  const me = useQuery(meQuery).data;
  const theme = useTheme();
  const { current, all } = useWorkspace();
  const name = me?.user.name ?? "";
  return (
    <Menu
      align={compact ? "end" : "start"}
      trigger={
        <button type="button" aria-label={t.nav.person(name)} className={cx("flex min-h-10 items-center gap-2.5 rounded-md text-left hover:text-spruce", !compact && "w-full")}>
          <Initials name={name} className="size-8 text-xs" />
          {!compact && <span className="min-w-0 truncate">{name}</span>}
        </button>
      }
    >
      <MenuLabel>{me?.user.email}</MenuLabel>
      {compact &&
        all.length > 1 &&
        all.map((one) => (
          <MenuItem key={one.id} onSelect={() => selectWorkspace(one.id)}>
            <span className={cx(one.id === current?.id && "font-semibold")}>{one.name}</span>
          </MenuItem>
        ))}
      <MenuLine />
      <MenuLabel>{t.theme.label}</MenuLabel>
      {(["system", "light", "dark"] as const).map((one) => {
        const Icon = THEME_ICONS[one];
        return (
          <MenuItem key={one} onSelect={() => setTheme(one)}>
            <Icon className="size-4" aria-hidden />
            <span className={cx(one === theme && "font-semibold")}>{t.theme[one]}</span>
          </MenuItem>
        );
      })}
      <MenuLine />
      <MenuItem onSelect={() => void signOut().catch(tellProblem)}>
        <LogOut className="size-4" aria-hidden />
        {t.action.signOut}
      </MenuItem>
    </Menu>
  );
}
