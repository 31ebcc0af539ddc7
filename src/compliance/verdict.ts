// The answer to "may this call leave, and showing what": the only way to a trunk leg. Types and the one constructor of
// an allowed verdict's brand; the judging is in cli-policy.ts. Read `Verdict` first.
import type { E164 } from '../numbering/e164.ts';
import type { CliSource, Purpose } from '../routing/outbound.ts';

/** One rule as it went. `text` is a sentence for people; `version` names the state of the rule's data. */
export interface Reason {
  readonly rule: string;
  readonly version: string;
  readonly outcome: 'allow' | 'deny' | 'note';
  readonly text: string;
}

declare const judged: unique symbol;

/** Where the number of a verdict comes from. */
export type VerdictSource = CliSource | 'emergency' | 'fall-back';

/** Made by src/compliance alone: a trunk leg takes this type, so that none can leave without it. */
export interface AllowedVerdict {
  readonly allow: true;
  readonly [judged]: true;
  readonly purpose: Purpose;
  /**
   * Number shown to the called person; null only on an emergency call of somebody who holds no number: the trunk's
   * default is shown then. `isWithheld`: sent, but marked not to be shown.
   */
  readonly presentation: E164 | null;
  readonly source: VerdictSource;
  readonly isWithheld: boolean;
  /** Number that identifies the line to the carrier; null = the trunk's default network number. */
  readonly network: E164 | null;
  readonly reasons: readonly Reason[];
}
export interface DeniedVerdict {
  readonly allow: false;
  /** The rule that decided: kebab-case, also the call's end code. */
  readonly rule: string;
  readonly reasons: readonly Reason[];
}
export type Verdict = AllowedVerdict | DeniedVerdict;

/** Puts the brand on. For the rules of this folder alone: nobody else may decide that a call leaves. */
export function allowed(parts: Omit<AllowedVerdict, 'allow' | typeof judged>): AllowedVerdict {
  return { allow: true, ...parts } as AllowedVerdict;
}
