// `{{name}}` in texts of the plan: which variables a text uses, and the ones that every call has.

/** Always there: local date, local time, the caller's number (empty when withheld or none) and the number dialled. */
export const BUILT_IN_VARIABLES = ['today', 'now', 'caller', 'dialled'] as const;

const BUILT_IN: ReadonlySet<string> = new Set(BUILT_IN_VARIABLES);

/** Names between `{{` and `}}`, as written apart from spaces, the built-in ones included. */
export function variablesIn(text: string): string[] {
  if (!text.includes('{{')) return [];
  return [...text.matchAll(/\{\{([^{}]{0,200})\}\}/g)].map((match) => (match[1] ?? '').trim());
}

/** True for a variable that every call has. */
export function isBuiltIn(name: string): boolean {
  return BUILT_IN.has(name);
}

/** `text` with each `{{name}}` replaced; a variable without a value becomes empty. */
export function fillVariables(text: string, valueOf: (name: string) => string | undefined): string {
  if (!text.includes('{{')) return text;
  return text.replace(/\{\{([^{}]{0,200})\}\}/g, (_, name: string) => valueOf(name.trim()) ?? '');
}
