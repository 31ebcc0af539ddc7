// Counts and failing tests from vitest's JSON report. A skipped test, and a file whose set-up failed, count as failed.
import { readFileSync } from 'node:fs';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** One for each failure: where, and the first lines of why. */
  readonly failures: readonly string[];
}
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string; readonly failureMessages: readonly string[] | null }[];
  }[];
}

const REASON_LINES = 6;

/** Undefined when there is no report that can be read. `code` is vitest's exit code. */
export function readVitest(file: string, code: string | number): Counts | undefined {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return undefined;
  }
  let passed = 0;
  const failures: string[] = [];
  for (const { name, status, message, assertionResults } of report.testResults) {
    const where = name.slice(Math.max(0, name.lastIndexOf('/test/') + 1));
    const before = failures.length;
    for (const test of assertionResults) {
      if (test.status === 'passed') passed += 1;
      else failures.push(`${where}: ${test.fullName}${test.status === 'failed' ? reason(test.failureMessages?.[0]) : ` (${test.status}, not run)`}`);
    }
    if (status === 'failed' && (failures.length === before || message !== '')) failures.push(`${where}: the file as a whole${reason(message)}`);
  }
  if (report.testResults.length === 0) failures.push('vitest found no tests');
  // Unhandled errors and broken workers show in the exit code alone.
  if (code !== 0 && failures.length === 0) failures.push(`vitest ended with ${code} although no test failed; see its output above`);
  return { passed, failed: failures.length, failures };
}

function reason(message: string | undefined): string {
  if (message === undefined || message === '') return '';
  return `\n    ${message.split('\n').slice(0, REASON_LINES).join('\n    ')}`;
}
