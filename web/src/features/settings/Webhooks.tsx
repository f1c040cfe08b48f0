// Other servers that are told what happens here.
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { api, ifMatch, ok } from '@/api/client';
import { keys, projectsQuery, webhooksQuery } from '@/api/queries';
import type { Webhook } from '@/api/types';
import { useCan } from '@/app/can';
import { usePreferences } from '@/app/preferences';
import { Private } from '@/app/Private';
import { Button } from '@/ui/Button';
import { Empty } from '@/ui/Empty';
import { Menu } from '@/ui/Menu';
import { PanelHead } from '@/ui/Panel';
import { Toned } from '@/ui/State';
import { Switch } from '@/ui/Switch';
import { toast, toastError } from '@/ui/toast';
import { count } from '@/words/format';
import { kindOf } from './kinds';

const AddWebhook = lazy(() => import('./AddWebhook'));
const Deliveries = lazy(() => import('./Deliveries'));
const Confirm = lazy(async () => ({ default: (await import('@/ui/Dialog')).Confirm }));
const NewSecret = lazy(() => import('../project-settings/NewSecret'));

export default function Webhooks() {
  const webhooks = useSuspenseQuery(webhooksQuery).data;
  const projects = useSuspenseQuery(projectsQuery).data;
  const { act } = useCan();
  const { hideSecrets } = usePreferences();
  // Many a receiver takes whoever knows its address.
  const name = ({ url }: Webhook) => (hideSecrets ? host(url) : url);
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const [log, setLog] = useState<Webhook | null>(null);
  const [ending, setEnding] = useState<Webhook | null>(null);
  const change = useChange();
  const project = (id: string | null) => (id ? (projects.find((each) => each.id === id)?.name ?? id) : 'all projects');
  return (
    <section className="panel" aria-labelledby="webhooks">
      <PanelHead id="webhooks" title="Webhooks" actions={<Button size="small" disabled={!act} onClick={() => setAdding(true)}>Add webhook</Button>} />
      {webhooks.length === 0 ? (
        <Empty title="No webhook">A webhook tells a server of yours, or a chat, when a show begins or a destination needs you. Deliveries are signed and tried again.</Empty>
      ) : (
        <ul className="rows">
          {webhooks.map((hook) => (
            <li key={hook.id} className="flex items-center gap-3 px-4 py-3">
              <div className="min-w-0 flex-1">
                <p className="truncate font-medium">
                  {host(hook.url)}
                  <Private>{rest(hook.url)}</Private>
                </p>
                <p className="text-sm text-pretty break-words text-soft">
                  {kindOf(hook.events)} · {project(hook.project_id)}
                </p>
                {hook.failures > 0 && (
                  <p className="text-sm">
                    <Toned tone="warn" sign="alert">
                      {count(hook.failures, 'delivery', 'deliveries')} failed in a row
                    </Toned>
                  </p>
                )}
              </div>
              <Switch checked={hook.enabled} disabled={!act} label={`Webhook ${name(hook)}`} onChange={(enabled) => change.mutate({ hook, what: enabled ? 'on' : 'off' })} />
              <Menu
                label={`More for ${name(hook)}`}
                entries={[
                  { label: 'Send a test', disabled: !act, onSelect: () => change.mutate({ hook, what: 'test' }) },
                  { label: 'Deliveries', onSelect: () => setLog(hook) },
                  null,
                  { label: 'Delete', danger: true, disabled: !act, onSelect: () => setEnding(hook) },
                ]}
              />
            </li>
          ))}
        </ul>
      )}
      <Suspense>
        {adding && <AddWebhook projects={projects} onClose={() => setAdding(false)} onMade={(made) => { setAdding(false); setSecret(made); }} />}
        {secret && <NewSecret title="Signing secret" note="Your server checks deliveries with it. It is shown this once." secret={secret} onClose={() => setSecret(null)} />}
        {ending && (
          <Confirm
            title={`Delete the webhook to ${host(ending.url)}?`}
            effect="It is told of nothing any more, and its deliveries are forgotten. Its signing secret is gone with it."
            action="Delete"
            busy={change.isPending}
            onClose={() => setEnding(null)}
            onConfirm={() => change.mutate({ hook: ending, what: 'delete' }, { onSettled: () => setEnding(null) })}
          />
        )}
        {log && <Deliveries webhook={log} onClose={() => setLog(null)} />}
      </Suspense>
    </section>
  );
}

const host = (url: string): string => /^https?:\/\/([^/?#]+)/.exec(url)?.[1] ?? '';
const rest = (url: string): string => url.replace(/^https?:\/\/[^/?#]+/, '');

function useChange() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ hook, what }: { hook: Webhook; what: 'on' | 'off' | 'test' | 'delete' }) => {
      const path = { id: hook.id };
      if (what === 'test') await ok(api.POST('/webhooks/{id}/test', { params: { path } }));
      else if (what === 'delete') await ok(api.DELETE('/webhooks/{id}', { params: { path, header: ifMatch(hook) } }));
      else await ok(api.PATCH('/webhooks/{id}', { params: { path, header: ifMatch(hook) }, body: { enabled: what === 'on' } }));
      return what;
    },
    onSuccess: (what) => what === 'test' && toast('A test is on its way', { detail: 'Deliveries show how it went.' }),
    onError: (error) => toastError('Nothing was changed', error),
    onSettled: () => client.invalidateQueries({ queryKey: keys.webhooks }),
  });
}
