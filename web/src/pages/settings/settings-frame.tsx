import { Link, Outlet, type LinkProps } from "@tanstack/react-router";
import { useTitle } from "@/app/title";
import { useWorkspace } from "@/app/workspace";
import { t } from "@/text/en";
import { PageHead } from "@/ui/card";

type Place = { to: LinkProps["to"]; label: string };

const MINE: readonly Place[] = [
  { to: "/settings/profile", label: t.settings.profile },
  { to: "/settings/security", label: t.settings.security },
  { to: "/settings/tokens", label: t.settings.tokens },
  { to: "/settings/keys", label: t.settings.keys },
  { to: "/settings/limits", label: t.settings.limits },
];
const OURS: readonly Place[] = [
  { to: "/settings/workspace", label: t.settings.workspace },
  { to: "/settings/members", label: t.settings.members },
  { to: "/settings/audit", label: t.settings.audit },
];

export function SettingsFrame() {
  useTitle(t.nav.settings);
  const { current } = useWorkspace();
  return (
    <>
      <PageHead title={t.nav.settings} />
      <div className="grid gap-x-12 gap-y-6 lg:grid-cols-[12rem_minmax(0,1fr)]">
        <nav aria-label={t.nav.settings} className="space-y-3 lg:space-y-6">
          <Group title={t.settings.mine} places={MINE} />
          <Group title={current?.name ?? t.settings.workspace} places={OURS} />
        </nav>
        <div className="min-w-0 max-w-3xl space-y-10">
          <Outlet />
        </div>
      </div>
    </>
  );
}

function Group({ title, places }: { title: string; places: readonly Place[] }) {
  return (
    <div>
      <p className="mb-1 truncate px-2.5 text-xs text-muted lg:mb-1.5">{title}</p>
      <ul className="flex flex-wrap gap-x-1 gap-y-0.5 lg:block lg:space-y-0.5">
        {places.map((place) => (
          <li key={place.to}>
            <Link to={place.to} className="block whitespace-nowrap rounded-md px-2.5 py-1.5 text-muted hover:bg-sunken hover:text-ink" activeProps={{ className: "bg-spruce-soft! text-spruce! font-medium" }}>
              {place.label}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}
