// The bounded history of events and its sequence.
import { describe, expect, test } from 'vitest';
import { EventLog } from '../../../src/http/event-log.ts';

function fill(log: EventLog, from: number, to: number, text = ''): void {
  for (let count = from; count <= to; count += 1)
    log.append({ kind: 'call-answered', callId: `call${count}`, customer: text, atMs: Date.UTC(2026, 10, 23, 14, 3, 22, 417) });
}

describe('EventLog', () => {
  test('gives what came after an id', () => {
    const log = new EventLog(0);
    const before = log.lastId;
    fill(log, 1, 3);
    expect(log.after(before).events.map((event) => event.callId)).toEqual(['call1', 'call2', 'call3']);
    expect(log.after(log.lastId)).toEqual({ events: [], hasGap: false });
  });

  test('what fell out is a gap, what is left is exact', () => {
    const log = new EventLog(0, 16);
    const before = log.lastId;
    fill(log, 1, 1000);
    expect(log.after(before).hasGap).toBe(true);
    const kept = log.after('0-995');
    expect([kept.hasGap, kept.events.map((event) => event.callId)]).toEqual([
      false,
      ['call996', 'call997', 'call998', 'call999', 'call1000'],
    ]);
  });

  test('is bounded by bytes too', () => {
    const log = new EventLog(0);
    fill(log, 1, 200, 'x'.repeat(100_000));
    let bytes = 0;
    for (let count = 1; count <= 200; count += 1)
      for (const event of log.ofCall(`call${count}`)) bytes += event.json.length;
    expect(bytes).toBeLessThanOrEqual(8 * 1024 * 1024);
    expect(bytes).toBeGreaterThan(4 * 1024 * 1024);
  });

  test('an id of another start is a gap', () => {
    const log = new EventLog(1);
    fill(log, 1, 5);
    expect(log.after('0-3').hasGap).toBe(true);
  });
});
