import { Link, useNavigate } from "@tanstack/react-router";
import { useWorkspace } from "@/app/workspace";
import { t } from "@/text/en";
import { Empty } from "@/ui/states";
import { Mark } from "@/ui/mark";
import { IdeaForm } from "../new-project/idea-form";

/** The empty dashboard begins the first project: there is nothing else to do here. */
export function FirstProject({ canCreate }: { canCreate: boolean }) {
  const navigate = useNavigate();
  const { current } = useWorkspace();
  if (!canCreate) return <Empty title={t.first.nothing}>{t.first.viewer}</Empty>;
  return (
    <div className="strata rounded-lg border border-dashed border-edge/50 p-3 sm:px-12 sm:py-10">
      <div className="mx-auto max-w-3xl rounded-lg border border-line bg-paper p-5 sm:p-10">
        <Mark className="mb-4 size-10 max-sm:hidden" />
        <h2 className="text-2xl sm:text-3xl">{t.first.title}</h2>
        <p className="mb-6 mt-2 text-muted max-sm:mb-4">{t.first.text}</p>
        <IdeaForm pipeline={current?.settings.default_pipeline ?? "promptr"} onCreated={(projectId) => void navigate({ to: "/projects/$projectId", params: { projectId } })} />
        <p className="mt-4 text-sm text-muted">
          <Link to="/projects/new" className="inline-flex min-h-6 items-center font-medium text-spruce underline underline-offset-2">
            {t.first.others}
          </Link>
        </p>
      </div>
    </div>
  );
}
