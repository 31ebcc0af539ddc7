// The one shape of everything that can be wrong with a plan file, and the pointers that say where.

/** One thing wrong with a plan. A plan with a `problem` is not used; a `warning` only speaks. */
export interface Problem {
  /** JSON pointer (RFC 6901) into the admin's file; '' is the whole file. */
  readonly path: string;
  /** kebab-case name of the rule. */
  readonly code: string;
  readonly severity: 'problem' | 'warning';
  /** What is wrong, without a full stop, so that it reads on after the pointer. */
  readonly message: string;
  /** How to mend it; never empty. */
  readonly hint: string;
  /** Place in the text, from 1; only for problems of the text itself. */
  readonly line?: number;
  readonly column?: number;
}

/** Most problems, and most warnings, that are reported at once; nobody reads more. Warnings never push problems out. */
export const MAX_PROBLEMS = 500;

/** JSON pointer of a path of keys, `~` and `/` escaped. */
export function pointer(...keys: readonly (string | number)[]): string {
  let text = '';
  for (const key of keys) {
    const plain = String(key);
    text += `/${/[~/]/.test(plain) ? plain.replaceAll('~', '~0').replaceAll('/', '~1') : plain}`;
  }
  return text;
}

/** Gathers problems and warnings, `MAX_PROBLEMS` of each; a last entry then says how many there were besides. */
export class ProblemList {
  readonly #list: Problem[] = [];
  readonly #counts = { problem: 0, warning: 0 };
  #more = 0;

  problem(path: string, code: string, message: string, hint: string): void {
    this.#add({ path, code, severity: 'problem', message, hint });
  }

  warning(path: string, code: string, message: string, hint: string): void {
    this.#add({ path, code, severity: 'warning', message, hint });
  }

  /** True when at least one entry is more than a warning. */
  get failed(): boolean {
    return this.#counts.problem > 0;
  }

  /** Number of entries kept so far. */
  get size(): number {
    return this.#list.length;
  }

  /** True when a rule has found something. */
  has(code: string): boolean {
    return this.#list.some((problem) => problem.code === code);
  }

  finish(): Problem[] {
    const problems = [...this.#list];
    if (this.#more > 0) {
      const message = `has ${this.#more} more problems and warnings that are not listed`;
      const hint = `Mend the first ${MAX_PROBLEMS} and check again.`;
      problems.push({ path: '', code: 'too-many-problems', severity: this.failed ? 'problem' : 'warning', message, hint });
    }
    return problems;
  }

  #add(problem: Problem): void {
    this.#counts[problem.severity] += 1;
    if (this.#counts[problem.severity] <= MAX_PROBLEMS) this.#list.push(problem);
    else this.#more += 1;
  }
}

/** Text of the admin's file as it may stand in a message: quoted, control characters out, cut at 60 characters. */
export function quote(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '·');
  const points = Array.from(clean.slice(0, 200));
  return points.length > 60 ? `"${points.slice(0, 59).join('')}…"` : `"${clean}"`;
}
