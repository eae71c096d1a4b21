/** Calls between the primary and its workers: each message over their channel is a call with a number, or its answer. */

/** What one side offers: by name, with one argument at most; all that goes over must survive a structured clone. */
type Calls<T> = { readonly [K in keyof T]: (argument: never) => unknown };

export interface RpcPeer<Theirs extends Calls<Theirs>> {
  /** Rejects where the call failed over there, or the other side has ended. */
  readonly call: <K extends keyof Theirs & string>(
    name: K,
    ...argument: Parameters<Theirs[K]>
  ) => Promise<Awaited<ReturnType<Theirs[K]>>>;
  /** The other side has ended: what waits for an answer gets none. */
  readonly end: () => void;
}

/** One side's end of the channel. */
export interface RpcChannel {
  readonly send: (message: object, sent: (error: Error | null) => void) => void;
  readonly receive: (listener: (message: unknown) => void) => void;
}

type Message =
  | { readonly call: number; readonly name: string; readonly argument: unknown }
  | { readonly answer: number; readonly value?: unknown; readonly error?: string };

interface PendingCall {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The other process has ended. */
export class PeerExited extends Error {
  constructor() {
    super('the other process has ended');
  }
}

export function createRpcPeer<Theirs extends Calls<Theirs>>(
  { send, receive }: RpcChannel,
  own: Readonly<Record<string, (argument: never) => unknown>>,
): RpcPeer<Theirs> {
  const waiting = new Map<number, PendingCall>();
  let calls = 0;
  let isOver = false;

  function post(message: Message): void {
    send(message, (error) => error && end());
  }

  function end(): void {
    isOver = true;
    for (const { reject } of waiting.values()) reject(new PeerExited());
    waiting.clear();
  }

  async function answer(id: number, name: string, argument: unknown): Promise<void> {
    try {
      post({ answer: id, value: await own[name]?.(argument as never) });
    } catch (error) {
      post({ answer: id, error: String(error) });
    }
  }

  receive((received) => {
    const message = received as Message;
    if ('call' in message) {
      void answer(message.call, message.name, message.argument);
      return;
    }
    const asked = waiting.get(message.answer);
    waiting.delete(message.answer);
    if (message.error === undefined) asked?.resolve(message.value);
    else asked?.reject(new Error(message.error));
  });

  return {
    call: (name, ...[argument]) =>
      new Promise((resolve, reject) => {
        if (isOver) throw new PeerExited();
        const id = ++calls;
        waiting.set(id, { resolve: resolve as PendingCall['resolve'], reject });
        post({ call: id, name, argument });
      }),
    end,
  };
}
