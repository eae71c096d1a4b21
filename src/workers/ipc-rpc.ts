/** Calls between the primary and its workers: each message over the IPC channel is a numbered call or its result. */

/** The calls that one side offers, by name, with at most one argument. Arguments and results must survive a structured clone. */
type Calls<T> = { readonly [K in keyof T]: (argument: never) => unknown };

export interface RpcPeer<Theirs extends Calls<Theirs>> {
  /** Calls the other side. Rejects where the call failed there, and with PeerExited where the other side has ended. */
  readonly call: <K extends keyof Theirs & string>(
    name: K,
    ...argument: Parameters<Theirs[K]>
  ) => Promise<Awaited<ReturnType<Theirs[K]>>>;
  /** To be called when the other side has ended. Rejects the pending calls. */
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

/** Rejects the calls to a process that has ended. */
export class PeerExited extends Error {
  constructor() {
    super('the other process has ended');
  }
}

/**
 * Creates one side of the calls: it calls the other side, and runs its calls.
 *
 * @param own the calls that this side offers, by name
 */
export function createRpcPeer<Theirs extends Calls<Theirs>>(
  { send, receive }: RpcChannel,
  own: Readonly<Record<string, (argument: never) => unknown>>,
): RpcPeer<Theirs> {
  const pendingCalls = new Map<number, PendingCall>();
  let calls = 0;
  let hasEnded = false;

  function post(message: Message): void {
    send(message, (error) => error && end());
  }

  function end(): void {
    hasEnded = true;
    for (const { reject } of pendingCalls.values()) reject(new PeerExited());
    pendingCalls.clear();
  }

  async function respond(id: number, name: string, argument: unknown): Promise<void> {
    try {
      post({ answer: id, value: await own[name]?.(argument as never) });
    } catch (error) {
      post({ answer: id, error: String(error) });
    }
  }

  receive((received) => {
    const message = received as Message;
    if ('call' in message) {
      void respond(message.call, message.name, message.argument);
      return;
    }
    const pending = pendingCalls.get(message.answer);
    pendingCalls.delete(message.answer);
    if (message.error === undefined) pending?.resolve(message.value);
    else pending?.reject(new Error(message.error));
  });

  return {
    call: (name, ...[argument]) =>
      new Promise((resolve, reject) => {
        if (hasEnded) throw new PeerExited();
        const id = ++calls;
        pendingCalls.set(id, { resolve: resolve as PendingCall['resolve'], reject });
        post({ call: id, name, argument });
      }),
    end,
  };
}
