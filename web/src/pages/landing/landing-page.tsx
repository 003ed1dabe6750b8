import { ArrowRight, FileCheck2, GitFork, ListChecks, MessagesSquare, ShieldCheck } from "lucide-react";
import { useTitle } from "@/app/title";
import { t } from "@/text/en";
import { LinkButton } from "@/ui/button";
import { Mark } from "@/ui/mark";

const STEP_ICONS = [MessagesSquare, FileCheck2, ListChecks, ShieldCheck, GitFork] as const;

export function LandingPage() {
  useTitle(undefined);
  return (
    <div className="min-h-dvh">
      <header className="mx-auto flex max-w-6xl items-center justify-between gap-4 px-5 py-5 sm:px-8">
        <span className="flex items-center gap-2.5 font-serif text-xl font-semibold">
          <Mark className="size-7" />
          {t.product}
        </span>
        <nav aria-label={t.nav.main} className="flex items-center gap-1 sm:gap-2">
          <LinkButton to="/login" look="quiet">
            {t.auth.signIn}
          </LinkButton>
          <LinkButton to="/signup" look="primary">
            {t.auth.signUp}
          </LinkButton>
        </nav>
      </header>
      <main>
        <section className="mx-auto grid max-w-6xl items-center gap-12 px-5 pb-16 pt-6 sm:px-8 lg:grid-cols-[1.1fr_1fr] lg:pt-20">
          <div>
            <h1 className="text-4xl leading-[1.08] sm:text-6xl">{t.landing.title}</h1>
            <p className="mt-6 max-w-xl text-lg leading-relaxed text-muted">{t.landing.lead}</p>
            <div className="mt-8 flex flex-wrap gap-3">
              <LinkButton to="/signup" look="primary" className="text-base">
                {t.landing.start}
                <ArrowRight className="size-4" aria-hidden />
              </LinkButton>
              <LinkButton to="/login" className="text-base">
                {t.landing.back}
              </LinkButton>
            </div>
          </div>
          <Course />
        </section>
        <section className="border-t border-line bg-sunken/60">
          <div className="mx-auto grid max-w-6xl gap-10 px-5 py-16 sm:grid-cols-3 sm:px-8">
            {t.landing.promises.map((promise) => (
              <div key={promise.title}>
                <h2 className="text-xl">{promise.title}</h2>
                <p className="mt-2 text-muted">{promise.text}</p>
              </div>
            ))}
          </div>
        </section>
      </main>
      <footer className="mx-auto max-w-6xl px-5 py-8 text-sm text-muted sm:px-8">{t.landing.footer}</footer>
    </div>
  );
}

/** How a plan is laid, course by course: the picture of the first page. */
function Course() {
  return (
    <ol className="flex flex-col gap-2.5" aria-label={t.landing.stepsLabel}>
      {t.landing.steps.map((step, index) => {
        const Icon = STEP_ICONS[index] ?? FileCheck2;
        return (
          <li
            key={step.title}
            className="flex items-center gap-4 rounded-lg border border-line bg-surface px-5 py-4"
            style={{ marginLeft: `${index % 2 === 0 ? 0 : 1.5}rem`, marginRight: `${index % 2 === 0 ? 1.5 : 0}rem` }}
          >
            <span className={index === t.landing.steps.length - 1 ? "text-clay" : "text-spruce"}>
              <Icon className="size-6" aria-hidden />
            </span>
            <span>
              <span className="block font-medium">
                {index + 1}. {step.title}
              </span>
              <span className="block text-sm text-muted">{step.text}</span>
            </span>
          </li>
        );
      })}
    </ol>
  );
}
