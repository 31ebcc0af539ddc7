// A step could not do its work (a prompt is missing, Asterisk refused, a host is down): the plan's fallback follows.

export class StepFault extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'StepFault';
  }
}
