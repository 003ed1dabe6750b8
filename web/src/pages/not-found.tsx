import { t } from "@/text/en";
import { Button, LinkButton } from "@/ui/button";
import { Mark } from "@/ui/mark";
import { Empty } from "@/ui/states";

export function NotFoundPage() {
  return (
    <main className="mx-auto grid min-h-dvh max-w-md place-content-center gap-4 px-6">
      <Mark className="size-12" />
      <h1 className="text-3xl">{t.notFound.title}</h1>
      <p className="text-muted">{t.notFound.text}</p>
      <div>
        <LinkButton to="/" look="primary">
          {t.notFound.home}
        </LinkButton>
      </div>
    </main>
  );
}

export function CrashPage() {
  return (
    <main className="mx-auto grid min-h-dvh max-w-md place-content-center gap-4 px-6">
      <Mark className="size-12" />
      <h1 className="text-3xl">{t.crash.title}</h1>
      <p className="text-muted">{t.crash.text}</p>
      <div>
        <Button look="primary" onClick={() => location.reload()}>
          {t.crash.reload}
        </Button>
      </div>
    </main>
  );
}

/** What browsers say when a script of a page cannot be had. */
const NO_SCRIPT = /dynamically imported module|module script|preload CSS|load failed/i;

/** In place of a page that broke, or whose script is not on this device: what is around it stays. */
export function AbsentPage({ error }: { error: unknown }) {
  const isAbsent = error instanceof Error && NO_SCRIPT.test(error.message);
  const text = !isAbsent ? t.crash.text : navigator.onLine ? t.absent.failed : t.absent.offline;
  return (
    <Empty top title={isAbsent ? t.absent.title : t.crash.title} action={<Button onClick={() => location.reload()}>{t.crash.reload}</Button>}>
      {text}
    </Empty>
  );
}
