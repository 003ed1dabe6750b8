// Answers while somebody gives them.

export interface Draft {
  options: string[];
  text: string;
  /** The reader wants to be asked later. */
  later?: boolean;
}

export type Drafts = Readonly<Record<string, Draft>>;

export interface Answer {
  question_id: string;
  options: string[];
  text: string | null;
}

const EMPTY: Draft = { options: [], text: "" };

export const draftOf = (drafts: Drafts, question: string): Draft => drafts[question] ?? EMPTY;

/** Chooses an option, or takes the choice back where several may be chosen. */
export function choose(draft: Draft, key: string, many: boolean): Draft {
  if (!many) return { ...draft, options: [key] };
  const options = draft.options.includes(key) ? draft.options.filter((one) => one !== key) : [...draft.options, key];
  return { ...draft, options };
}

export const isAnswered = (draft: Draft): boolean => draft.options.length > 0 || draft.text.trim() !== "";

/** What can be sent: only questions that have an answer. */
export function answersOf(drafts: Drafts, questions: readonly string[]): Answer[] {
  return questions
    .map((id) => ({ id, draft: draftOf(drafts, id) }))
    .filter(({ draft }) => isAnswered(draft))
    .map(({ id, draft }) => ({ question_id: id, options: draft.options, text: draft.text.trim() === "" ? null : draft.text.trim() }));
}
