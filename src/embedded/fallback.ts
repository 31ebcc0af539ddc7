// The small static dialplan that carries calls to DDIs while the application is away, for an Asterisk of somebody else's;
// ours reads fallback-files.ts. PURE: entries in, text out. Nothing of an entry reaches the dialplan unchecked. Read
// `renderFallback`.

/** What happens to calls to one DDI without the application. */
export interface FallbackEntry {
  /** In "+" form. */
  readonly ddi: string;
  /** Written into a comment of the file, for whoever reads it. */
  readonly customer: string;
  /** PJSIP endpoint names, rung together. */
  readonly ring: readonly string[];
  /** Rounded up to seconds, held between 1 and 120 s. */
  readonly ringMs: number;
  /** Absolute path, as Asterisk sees it, without extension; played when nobody answers. */
  readonly announcement?: string;
  /** Other spellings in which carriers send the DDI: 0…, 44…, 0044…. */
  readonly alternatives: readonly string[];
}

const DDI = /^\+?\d{1,20}$/;
const ENDPOINT = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$/;
const SOUND = /^(\/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}){1,12}$/;
const MAX_RINGS = 30;

/**
 * The text of a dialplan file (context `gv-fallback-ddi`). Throws RangeError that names the DDI and the field when a
 * value could be read as dialplan, and when two entries claim the same spelling.
 */
export function renderFallback(entries: readonly FallbackEntry[]): string {
  const owner = new Map<string, string>();
  const blocks = entries.map((entry) => renderEntry(entry, owner));
  return `; Calls to DDIs while the application is away. Written by the application; do not edit.\n[gv-fallback-ddi]\n${blocks.join('')}`;
}

function renderEntry(entry: FallbackEntry, owner: Map<string, string>): string {
  checkEntry(entry);
  const spellings = [entry.ddi, ...entry.alternatives];
  for (const spelling of new Set(spellings)) {
    const other = owner.get(spelling);
    if (other !== undefined) throw new RangeError(`fallback for ${entry.ddi}: ${spelling} belongs to ${other} already`);
    owner.set(spelling, entry.ddi);
  }
  const steps = [
    ...(entry.ring.length === 0 ? [] : [`Dial(${entry.ring.map((name) => `PJSIP/${name}`).join('&')},${ringSeconds(entry)})`]),
    ...(entry.announcement === undefined ? [] : ['Answer()', `Playback(${entry.announcement})`]),
    // 19 leaves as 480 to a caller who heard no announcement.
    entry.announcement === undefined ? 'Hangup(19)' : 'Hangup()',
  ];
  const first = steps.map((step, index) => (index === 0 ? `exten => ${entry.ddi},1,${step}` : ` same => n,${step}`));
  const others = [...new Set(entry.alternatives)].filter((other) => other !== entry.ddi);
  const jumps = others.map((other) => `exten => ${other},1,Goto(gv-fallback-ddi,${entry.ddi},1)`);
  return `${[`; ${entry.customer.replaceAll(/[^A-Za-z0-9 _.-]/g, '_').slice(0, 80)}`, ...first, ...jumps].join('\n')}\n`;
}

/** What Dial() gets. */
export function ringSeconds({ ringMs }: FallbackEntry): number {
  return Math.min(120, Math.max(1, Math.ceil(ringMs / 1000)));
}

/** Throws RangeError that names the DDI and the field when a value could be read as dialplan. */
export function checkEntry(entry: FallbackEntry): void {
  const refuse = (field: string, text: string, rule: string): never => {
    throw new RangeError(`fallback for ${JSON.stringify(entry.ddi)}: ${field} ${JSON.stringify(text)} ${rule}`);
  };
  for (const number of [entry.ddi, ...entry.alternatives]) if (!DDI.test(number)) refuse('ddi', number, 'is not 1 to 20 digits with an optional + in front');
  for (const name of entry.ring) if (!ENDPOINT.test(name)) refuse('ring', name, 'is not the name of an endpoint (letters, digits, . _ -)');
  if (entry.ring.length > MAX_RINGS) refuse('ring', String(entry.ring.length), `is more than ${MAX_RINGS} endpoints`);
  if (!Number.isFinite(entry.ringMs)) refuse('ringMs', String(entry.ringMs), 'is not a number of milliseconds');
  if (entry.announcement !== undefined && !SOUND.test(entry.announcement)) refuse('announcement', entry.announcement, 'is not an absolute path of letters, digits, . _ - and /');
}
