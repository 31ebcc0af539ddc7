// Raw ARI events, torn and strange ones included, and what becomes of status codes and addresses. No Asterisk here.
import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { channelState, decodeEvent, stampMs } from '../../../src/ari/decode.ts';
import { faultOf, statusError } from '../../../src/ari/errors.ts';
import { reconnectDelayMs, refusalText } from '../../../src/ari/link.ts';
import { ariBase, pathAndQuery } from '../../../src/ari/transport.ts';

const TYPES = [
  'StasisStart', 'StasisEnd', 'ChannelStateChange', 'ChannelDtmfReceived', 'ChannelHangupRequest', 'ChannelDestroyed', 'Dial', 'PlaybackStarted', 'PlaybackFinished',
  'RecordingFinished', 'RecordingFailed', 'ChannelHold', 'ChannelUnhold', 'ChannelTransfer', 'FromTheFuture',
];

describe('decodeEvent', () => {
  test('never throws, whatever comes', () => {
    const shape = fc.record({ type: fc.constantFrom(...TYPES), channel: fc.anything(), peer: fc.anything(), playback: fc.anything(), recording: fc.anything(), args: fc.anything(), timestamp: fc.anything(), refer_to: fc.anything(), referred_by: fc.anything(), cause: fc.anything() });
    fc.assert(fc.property(fc.oneof(shape, fc.anything()), (raw) => {
      const event = decodeEvent(raw);
      expect(event === null || typeof event.type === 'string').toBe(true);
    }));
  });

  test.each(TYPES)('a %s without its parts is none', (type) => {
    expect(decodeEvent({ type })).toBeNull();
  });

  test('the echo of our own transfer report is no second request', () => {
    const raw = { type: 'ChannelTransfer', timestamp: '2026-11-22T19:56:11.075+0000', refer_to: { requested_destination: { destination: '202' } }, referred_by: { source_channel: { id: 'leg-1' } } };
    expect(decodeEvent(raw)).toEqual({ type: 'transfer-requested', channel: 'leg-1', target: '202', attended: false, atMs: Date.UTC(2026, 10, 22, 19, 56, 11, 75) });
    expect(decodeEvent({ ...raw, state: 'channel_declined' })).toBeNull();
  });

  test('an endless transfer target is cut', () => {
    const event = decodeEvent({ type: 'ChannelTransfer', refer_to: { requested_destination: { destination: '2'.repeat(5_000) } }, referred_by: { source_channel: { id: 'leg-1' } } });
    expect(event).toMatchObject({ target: '2'.repeat(128) });
  });
});

test.each([['Up', 'up'], ['Ring', 'ringing'], ['Ringing', 'ringing'], ['Down', 'down'], ['Rsrvd', 'down'], ['Busy', 'other'], [7, 'other']])('state %s is %s', (state, ours) => {
  expect(channelState(state)).toBe(ours);
});

test.each<[unknown, number]>([['2026-11-22T19:00:00.123+0000', Date.UTC(2026, 10, 22, 19, 0, 0, 123)], ['2026-11-22T19:00:00.123+0100', Date.UTC(2026, 10, 22, 18, 0, 0, 123)], ['soon', 0], [undefined, 0]])('stamp %s', (stamp, ms) => {
  expect(stampMs(stamp)).toBe(ms);
});

test.each([
  [404, '', 'gone'], [409, '', 'refused'], [422, '', 'refused'], [400, '', 'refused'], [500, '{"error":"Allocation failed"}', 'unreachable'],
  [500, '{"message":"Failed to answer channel"}', 'gone'], [500, 'Internal', 'failed'], [503, '', 'failed'],
] as const)('%i %s is %s', (status, body, fault) => {
  expect(faultOf(status, body)).toBe(fault);
});

test('an error names the operation, the status and what Asterisk said, cut short', () => {
  expect(statusError('channels.ring', 404, '{"message":"Channel not found"}').message).toBe('channels.ring was answered 404: Channel not found');
  expect(statusError('channels.ring', 500, 'x'.repeat(9_000)).message.length).toBeLessThan(200);
});

test('parameters cannot leave their place', () => {
  const request = { resource: 'channels', operation: 'x', method: 'POST', path: 'channels/{channelId}/x', params: { channelId: 'a/../b?c#d', value: 'e&f=g,ü' } } as const;
  expect(pathAndQuery(request)).toBe('channels/a%2F..%2Fb%3Fc%23d/x?value=e%26f%3Dg%2C%C3%BC');
});

test.each([['http://h:1', 'http://h:1/ari'], ['http://h:1/ari/', 'http://h:1/ari'], ['https://u:p@h/pbx?x=1', 'https://h/pbx/ari']])('base of %s', (url, base) => {
  expect(ariBase(url).href).toBe(base);
});

test('the wait before a new try grows to 2 s and stays there', () => {
  expect([0, 1, 6, 7, 10_000].map(reconnectDelayMs)).toEqual([20, 50, 2_000, 2_000, 2_000]);
});

test.each([[401, 'user or password'], [404, 'has no ARI'], [503, '503']])('a refusal with %i says %s', (status, words) => {
  expect(refusalText(status)).toContain(words);
});
