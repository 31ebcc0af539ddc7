// The least that a Stasis application can do for the same call: answer, play, on a key play the next prompt, hang up.
// No plan, no record, no state. Over the product's own transport, so that what differs is what the product does.
// Arguments: ARI URL, user, application, media of the menu, media of the prompt. The password is in ARI_PASSWORD.
import process from 'node:process';
import { OwnTransport } from '../../src/ari/own-transport.ts';
import { decodeEvent } from '../../src/ari/decode.ts';

const [url = '', user = '', app = '', menu = '', next = ''] = process.argv.slice(2);
const transport = new OwnTransport({ url, user, password: process.env['ARI_PASSWORD'] ?? '', app, requestLimitMs: 5_000 });

/** What this program does not read, as the product leaves out what it does not. */
const UNREAD = [
  'ChannelVarset', 'ChannelDialplan', 'ChannelCallerId', 'ChannelConnectedLine', 'ChannelTalkingStarted', 'ChannelTalkingFinished', 'BridgeCreated', 'BridgeDestroyed', 'BridgeMerged',
  'ChannelEnteredBridge', 'ChannelLeftBridge', 'PlaybackContinuing', 'RecordingStarted', 'DeviceStateChanged', 'EndpointStateChange', 'PlaybackStarted', 'ChannelCreated',
].map((type) => ({ type }));

/** A refused request is a caller who has left. */
const onChannel = (operation: string, method: 'POST' | 'DELETE', tail: string, channelId: string, body?: unknown): Promise<unknown> =>
  transport.request({ resource: 'channels', operation, method, path: `channels/{channelId}${tail}`, params: { channelId }, ...(body === undefined ? {} : { body }) }).catch(() => null);
const play = (channel: string, playback: string, media: string): Promise<unknown> => onChannel('playWithId', 'POST', `/play/${playback}`, channel, { media: [media] });

transport.onEvent((raw) => {
  const event = decodeEvent(raw);
  if (event === null) return;
  if (event.type === 'entered') {
    // One after the other: an answer that arrives during a playback waits for its end (Asterisk 22.10).
    void onChannel('answer', 'POST', '/answer', event.channel).then(() => play(event.channel, `menu-${event.channel}`, menu));
  } else if (event.type === 'digit') {
    transport.request({ resource: 'playbacks', operation: 'stop', method: 'DELETE', path: 'playbacks/{playbackId}', params: { playbackId: `menu-${event.channel}` } }).catch(() => {});
    void play(event.channel, `next-${event.channel}`, next);
  } else if (event.type === 'playback-ended' && event.playback.startsWith('next-')) {
    void onChannel('hangup', 'DELETE', '', event.playback.slice('next-'.length));
  }
});
transport.onSocket((state) => {
  if (state !== 'open') return;
  void transport
    .request({ resource: 'applications', operation: 'filter', method: 'PUT', path: 'applications/{applicationName}/eventFilter', params: { applicationName: app }, body: { disallowed: UNREAD } })
    .then(() => process.stdout.write('ready\n'));
});
transport.start();
process.on('SIGTERM', () => void transport.stop().then(() => process.exit(0)));
