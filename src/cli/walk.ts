/** The walk of the demo: curl lines with working tokens, ready to paste. */
import type { Settings } from '../model/settings.js';
import type { Mint } from './mint.js';

export function walk({ listen }: Settings, mint: Mint): string {
  const origin = `http://${listen?.host ?? '127.0.0.1'}:${listen?.port ?? 8080}`;
  const claims = { app_name: 'Sample app', organization: 'Sample Ltd.' };
  const token = mint.sign('sample-app', ['notarization:*'], claims);
  const stranger = mint.sign('other-app', ['storage:read'], claims);
  return `In another terminal, paste these lines. Two passes first:

export TOKEN=${token}
export OTHER=${stranger}

200, with what is left of 10 requests in any 2 minutes (repeat it: the eleventh answers 429):

curl --include --request GET --url '${origin}/notarizations/stamps' --header "authorization: Bearer $TOKEN"

403, since this pass has no scope for it; then 401, without any:

curl --include --request GET --url '${origin}/notarizations/stamps' --header "authorization: Bearer $OTHER"
curl --include --request GET --url '${origin}/notarizations/stamps'

A stamp, an event stream, and a public route:

curl --include --request POST --url '${origin}/notarizations/7/stamps' --header "authorization: Bearer $TOKEN"
curl --no-buffer --url '${origin}/notarizations/feed' --header "authorization: Bearer $TOKEN"
curl --include --url '${origin}/status'
`;
}
