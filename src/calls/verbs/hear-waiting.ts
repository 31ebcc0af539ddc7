// What a caller hears while somebody is being found: ringing (180 before the answer, a tone after it) or music.
import type { Call } from '../call.ts';

export interface Waiting {
  /** Ends it; never rejects. */
  stop(): Promise<void>;
}

/** Music needs an answered call; a caller who is not answered yet hears ringing whatever was asked for. */
export async function hearWaiting(call: Call, hears: 'ringing' | 'music'): Promise<Waiting> {
  const { telephony } = call.deps;
  const channel = call.party.channel;
  const isMusic = hears === 'music' && call.isAnswered;
  await call.onParty(isMusic ? telephony.startMusic(channel) : telephony.ring(channel));
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    // Nothing to stop on a party that is gone, and a 180 cannot be taken back.
    if (call.party.channel !== channel || call.signal.aborted) return;
    if (!isMusic && !call.isAnswered) return;
    await (isMusic ? telephony.stopMusic(channel) : telephony.ringStop(channel)).catch(() => {});
  };
  return { stop };
}
