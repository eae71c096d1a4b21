/** The page of one application: its keys, limits, activity and settings. */
import { useState } from 'preact/hooks';
import type { AppDetails, DeletedApp } from '../../../api/apps';
import { useLoaded } from '../../load';
import { Inline } from '../../parts/name';
import { Page } from '../../parts/page';
import { Scopes } from '../../parts/scopes';
import { LoadedView } from '../../parts/states';
import { Time } from '../../parts/time';
import { linkTo } from '../../router';
import { Activity } from './activity';
import { DeleteApp, DeletedPage } from './delete-app';
import { Keys } from './keys';
import { Limits } from './limits';
import { Settings } from './settings';

/** Shows an application. */
export function AppPage({ appKey }: { readonly appKey: string }) {
  const path = `apps/${encodeURIComponent(appKey)}`;
  const loaded = useLoaded<AppDetails>(path);
  const [deleted, setDeleted] = useState<DeletedApp>();
  const { data } = loaded;
  if (data && deleted) return <DeletedPage name={data.name} deleted={deleted} />;
  return (
    <Page title={data?.name ?? 'Application'} above={<a href={linkTo('apps')}>Apps</a>}>
      <LoadedView loaded={loaded}>
        {(app) => (
          <>
            <Summary app={app} />
            <Keys app={app} path={path} onChange={loaded.reload} />
            <Limits path={path} />
            <Activity path={path} />
            <Settings app={app} path={path} onChange={loaded.reload} />
            <DeleteApp app={app} path={path} onDeleted={setDeleted} />
          </>
        )}
      </LoadedView>
    </Page>
  );
}

function Summary({ app }: { readonly app: AppDetails }) {
  return (
    <dl class="facts">
      <div>
        <dt>Organization</dt>
        <dd>
          {app.organization === '' ? <span class="soft">none</span> : <Inline text={app.organization} />}
        </dd>
      </div>
      <div>
        <dt>Scopes</dt>
        <dd>
          <Scopes scopes={app.scopes} />
        </dd>
      </div>
      <div>
        <dt>Last used</dt>
        <dd>
          {app.last_used_at === null ? <span class="soft">never</span> : <Time at={app.last_used_at} />}
        </dd>
      </div>
      <div>
        <dt>Created</dt>
        <dd>
          <Time at={app.created_at} />
          {app.owner !== null && (
            <>
              {' by '}
              <Inline text={app.owner} />
            </>
          )}
        </dd>
      </div>
    </dl>
  );
}
