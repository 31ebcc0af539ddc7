import { expect, test } from 'vitest';
import { createMetrics } from '../../../src/telemetry/metrics.ts';

test('figures appear in Prometheus text under our names, in seconds', async () => {
  const metrics = createMetrics();
  metrics.callStarted('inbound');
  metrics.callEnded('inbound', 'plan-end', 'none');
  metrics.answered(4);
  metrics.stepDone('menu', true, 1500);
  metrics.decided(3);
  metrics.turnedAway('overload');
  metrics.eventLag(-5);
  metrics.asteriskRequest('answer', 'ok', 2);
  metrics.linkUp(true);
  metrics.liveCalls(7);
  metrics.spoolDepth(1);
  metrics.reloadDone(false, 80);
  metrics.alarms(2);
  metrics.loopDelay(3, 20);
  metrics.logLinesDropped(9);
  const { text, contentType } = await metrics.render();
  expect(contentType).toContain('text/plain');
  for (const line of [
    'genvoice_calls_started_total{direction="inbound"} 1',
    'genvoice_calls_ended_total{direction="inbound",code="plan-end",fault="none"} 1',
    'genvoice_answer_seconds_sum 0.004',
    'genvoice_step_seconds_sum{kind="menu"} 1.5',
    'genvoice_step_fallbacks_total{kind="menu"} 1',
    'genvoice_decisions_total 3',
    'genvoice_calls_turned_away_total{reason="overload"} 1',
    'genvoice_event_lag_seconds_sum 0',
    'genvoice_asterisk_request_seconds_count{verb="answer",result="ok"} 1',
    'genvoice_asterisk_link_up 1',
    'genvoice_calls_live 7',
    'genvoice_alarms 2',
    'genvoice_event_loop_delay_max_seconds 0.02',
    'genvoice_log_lines_dropped 9',
  ]) expect(text).toContain(line);
});

test('the reload state drops to 0 while any plan file is refused', async () => {
  const metrics = createMetrics();
  metrics.reloads({ live: 3, refused: 1, withdrawn: 0 });
  expect((await metrics.render()).text).toMatch(/^genvoice_plans_reload_ok 0$/m);
  metrics.reloads({ live: 4, refused: 0, withdrawn: 0 });
  const { text } = await metrics.render();
  expect(text).toMatch(/^genvoice_plans_reload_ok 1$/m);
  expect(text).toContain('genvoice_plans{state="live"} 4');
});

test('no number and no flood of values becomes a label', async () => {
  const metrics = createMetrics();
  for (let at = 0; at < 500; at += 1) metrics.callEnded('inbound', `code-${String.fromCharCode(97 + (at % 26))}${String.fromCharCode(97 + Math.floor(at / 26))}`, 'none');
  metrics.callEnded('inbound', '+441632960018', 'none');
  metrics.callEnded('inbound', 'x"} 1\nevil', 'none');
  metrics.callEnded('inbound', 'sent-441632960018', 'none');
  const { text } = await metrics.render();
  const values = [...text.matchAll(/genvoice_calls_ended_total\{[^}]*code="([^"]*)"/g)].map((match) => match[1]);
  expect(values.length).toBeLessThanOrEqual(65);
  expect(values).toContain('other');
  expect(text).not.toContain('441632960018');
});
