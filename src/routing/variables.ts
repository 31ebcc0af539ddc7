// `{{name}}` in texts of the plan: which variables a text uses, and the ones that every call has.

/** Local date, local time, the caller's number (empty when withheld or none) and the number dialled. */
const BUILT_IN: ReadonlySet<string> = new Set(['today', 'now', 'caller', 'dialled']);

/** Names between `{{` and `}}`, as written apart from spaces, the built-in ones included. */
export function variablesIn(text: string): string[] {
  if (!text.includes('{{')) return [];
  return [...text.matchAll(/\{\{([^{}]{0,200})\}\}/g)].map((match) => (match[1] ?? '').trim());
}

/** True for a variable that every call has. */
export function isBuiltIn(name: string): boolean {
  return BUILT_IN.has(name);
}
