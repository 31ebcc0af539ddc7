// The lint rules find what they are there for: files with planted violations, laid out as src/, go through the project's own
// configuration. A planted line carries `expect: rule`.
import { execFile } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const REPOSITORY = new URL('../../..', import.meta.url).pathname;
const FIXTURES = join(REPOSITORY, 'test/lint/fixtures');

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
  readonly labels: readonly { readonly span: { readonly line: number } }[];
}

let folder = '';
let found: ReadonlySet<string> = new Set();
beforeAll(async () => {
  // A folder of its own: the globs of the configuration are about src/ beside it.
  folder = mkdtempSync(join(tmpdir(), 'gv-lint-'));
  cpSync(join(FIXTURES, 'src'), join(folder, 'src'), { recursive: true });
  for (const name of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) copyFileSync(join(REPOSITORY, name), join(folder, name));
  symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'));
  const output = await new Promise<string>((resolve) => {
    execFile(join(REPOSITORY, 'node_modules/.bin/oxlint'), ['--format', 'json', 'src'], { cwd: folder, maxBuffer: 16 * 1024 * 1024, timeout: 60_000 }, (_, stdout, stderr) => resolve(stdout === '' ? stderr : stdout));
  });
  const { diagnostics } = JSON.parse(output) as { diagnostics: readonly Diagnostic[] };
  found = new Set(diagnostics.map(({ code, filename, labels }) => `${filename.slice(filename.indexOf('src/'))}:${labels[0]?.span.line ?? 0} ${short(code)}`));
}, 90_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const short = (code: string): string => code.replace(/^.*\(|\)$/g, '');
const planted = readdirSync(join(FIXTURES, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .flatMap((name) => readFileSync(join(FIXTURES, 'src', name), 'utf8').split('\n').flatMap((line, index) => {
    const rule = /\/\/ expect: (\S+)/.exec(line)?.[1];
    return rule === undefined ? [] : [`src/${name}:${index + 1} ${short(rule)}`];
  }));

test.each(planted)('finds %s', (violation) => {
  expect([...found]).toContain(violation);
});

test('finds nothing that was not planted', () => {
  expect([...found].filter((one) => !planted.includes(one))).toEqual([]);
});
