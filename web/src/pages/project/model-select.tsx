import { useQuery } from "@tanstack/react-query";
import { MODELS } from "@/api/pipelines";
import { healthQuery } from "@/api/queries";
import { words } from "@/lib/format";
import { t } from "@/text/en";
import { Select } from "@/ui/field";

/** With which model something is tried; those of providers that do not answer now are named as such. */
export function ModelSelect({ value, onChange, className }: { value: string; onChange: (model: string) => void; className?: string }) {
  const providers = useQuery({ ...healthQuery, staleTime: 60_000 }).data?.llm_providers ?? [];
  const isDown = (provider: string) => providers.some((one) => one.provider === provider && one.status === "down");
  const names = [...new Set(MODELS.map((model) => model.provider))];
  return (
    <Select label={t.failure.model} value={value} onChange={(event) => onChange(event.target.value)} {...(className === undefined ? {} : { className })}>
      <option value="">{t.failure.sameModel}</option>
      {names.map((provider) => (
        <optgroup key={provider} label={isDown(provider) ? t.failure.providerDown(t.key.provider[provider] ?? words(provider)) : (t.key.provider[provider] ?? words(provider))}>
          {MODELS.filter((model) => model.provider === provider).map((model) => (
            <option key={model.id} value={model.id}>
              {t.model(model.id)}
            </option>
          ))}
        </optgroup>
      ))}
    </Select>
  );
}
