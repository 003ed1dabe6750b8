import { t } from "@/text/en";
import { Button, LinkButton } from "@/ui/button";
import { Mark } from "@/ui/mark";

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
