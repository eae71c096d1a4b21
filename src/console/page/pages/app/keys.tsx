/** The section with an application's key, the rotation of its secret, and its named tokens. */
import { useId, useState } from 'preact/hooks';
import type { AppDetails, RotatedSecret } from '../../../api/apps';
import { useSending } from '../../form';
import { Dialog } from '../../parts/dialog';
import { FormActions } from '../../parts/form-actions';
import { FormError } from '../../parts/form-error';
import { Time } from '../../parts/time';
import { request } from '../../request';
import { LabelledLine } from '../created-app';
import { NamedTokens } from './named-tokens';

export interface SectionProps {
  readonly app: AppDetails;
  /** Of the application in the API. */
  readonly path: string;
  /** Called after a change. */
  readonly onChange: () => void;
}

const OVERLAPS = [
  [0, 'no longer: it is refused at once'],
  [3600, 'for 1 hour'],
  [86_400, 'for 1 day'],
  [604_800, 'for 7 days'],
  [2_592_000, 'for 30 days'],
] as const;

/** Shows the key, and rotates the secret. */
export function Keys({ app, path, onChange }: SectionProps) {
  const [isAsking, setIsAsking] = useState(false);
  const [rotated, setRotated] = useState<RotatedSecret>();
  const oldUntil = rotated ? rotated.old_secret_until : app.old_secret_until;
  const rotate = (secret: RotatedSecret): void => {
    setIsAsking(false);
    setRotated(secret);
    onChange();
  };
  return (
    <section class="card stack" aria-labelledby="keys">
      <div class="section-head">
        <h2 id="keys">Keys</h2>
        <button type="button" class="button" onClick={() => setIsAsking(true)}>
          Rotate secret
        </button>
      </div>
      <LabelledLine label="Key" text={app.key} />
      <div role="status">
        {rotated && (
          <div class="stack">
            <LabelledLine label="New secret" text={rotated.secret} />
            <p class="notice warn">This secret is shown once. Copy it now.</p>
          </div>
        )}
      </div>
      {oldUntil !== null && (
        <p>
          The old secret is accepted too. It ends <Time at={oldUntil} />.
        </p>
      )}
      <h3>Named tokens</h3>
      <NamedTokens tokens={app.named_tokens} onChange={onChange} />
      {isAsking && <RotateDialog path={path} onClose={() => setIsAsking(false)} onRotated={rotate} />}
    </section>
  );
}

interface RotateDialogProps {
  readonly path: string;
  readonly onClose: () => void;
  readonly onRotated: (secret: RotatedSecret) => void;
}

function RotateDialog({ path, onClose, onRotated }: RotateDialogProps) {
  const [overlap, setOverlap] = useState(3600);
  const { isBusy, error, send } = useSending();
  const id = useId();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const secret = await send(() => request<RotatedSecret>('POST', `${path}/rotate`, { overlap_s: overlap }));
    if (secret) onRotated(secret);
  };
  return (
    <Dialog title="Rotate secret" onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)}>
        <p>The application gets a new secret. Tokens that it has stay valid.</p>
        <div class="field">
          <label for={id}>The old secret works</label>
          <select
            id={id}
            value={overlap}
            onChange={({ currentTarget }) => setOverlap(Number(currentTarget.value))}
          >
            {OVERLAPS.map(([seconds, text]) => (
              <option key={seconds} value={seconds}>
                {text}
              </option>
            ))}
          </select>
        </div>
        <FormError error={error} />
        <FormActions text="Rotate secret" kind="primary" isDisabled={isBusy} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
