// Reviews of code, which say item by item how it stands, and the verdict that is worked out from them.

export type Outcome = "pass" | "fail" | "none";

export interface ReviewItem {
  title: string;
  outcome: Outcome;
  evidence: string | null;
  reason: string | null;
}

export interface Review {
  /** Null where the text has none: then it is read as it stands. */
  outcome: Outcome | null;
  items: ReviewItem[];
}

function outcomeOf(word: string): Outcome {
  if (/^pass/i.test(word)) return "pass";
  return /^fail/i.test(word) ? "fail" : "none";
}

const VALUE = /^(result|evidence|reason):\s*(.+)$/i;

/** Reads `verdict: PASS`, then `## title` with `result:`, `evidence:` and `reason:`, or `## name: PASS`. */
export function readReview(text: string): Review {
  const verdict = /^verdict:\s*(\w+)/im.exec(text)?.[1];
  const items: ReviewItem[] = [];
  for (const part of text.split(/^##\s+/m).slice(1)) {
    const [head = "", ...lines] = part.split("\n");
    const named = /^(.*?):\s*(PASS|FAIL)\w*\s*$/i.exec(head);
    const values = new Map(lines.flatMap((line) => (VALUE.exec(line) === null ? [] : [[(VALUE.exec(line)?.[1] ?? "").toLowerCase(), VALUE.exec(line)?.[2]?.trim() ?? ""] as const])));
    items.push({
      title: (named?.[1] ?? head).trim(),
      outcome: outcomeOf(named?.[2] ?? values.get("result") ?? ""),
      evidence: values.get("evidence") ?? null,
      reason: values.get("reason") ?? null,
    });
  }
  return { outcome: verdict === undefined ? null : outcomeOf(verdict), items };
}
