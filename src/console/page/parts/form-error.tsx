/** The error of a whole form, which a screen reader announces as it appears. */

/** Draws the error, if there is one. */
export function FormError({ error }: { readonly error: string | undefined }) {
  return (
    <div role="alert">
      {error !== undefined && (
        <p class="form-error" dir="auto">
          {error}
        </p>
      )}
    </div>
  );
}
