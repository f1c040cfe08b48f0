// Tokens for programs: what each may do, until when, and when it last did.
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { api, ok } from '@/api/client';
import { keys, tokensQuery } from '@/api/queries';
import type { Token } from '@/api/types';
import { Button } from '@/ui/Button';
import { Empty } from '@/ui/Empty';
import { PanelHead } from '@/ui/Panel';
import { Ago } from '@/ui/Time';
import { toastError } from '@/ui/toast';
import { date } from '@/words/format';

const AddToken = lazy(() => import('./AddToken'));
const NewSecret = lazy(() => import('../project-settings/NewSecret'));
const Confirm = lazy(async () => ({ default: (await import('@/ui/Dialog')).Confirm }));

export default function Tokens() {
  const tokens = useSuspenseQuery(tokensQuery).data;
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const [ending, setEnding] = useState<Token | null>(null);
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: (id: string) => ok(api.DELETE('/tokens/{id}', { params: { path: { id } } })),
    onError: (error) => toastError('The token still works', error),
    onSettled: () => {
      setEnding(null);
      return client.invalidateQueries({ queryKey: keys.tokens });
    },
  });
  return (
    <section className="panel" aria-labelledby="tokens">
      <PanelHead id="tokens" title="API tokens" actions={<Button size="small" onClick={() => setAdding(true)}>New token</Button>} />
      {tokens.length === 0 ? (
        <Empty title="No token">
          Programs use tokens instead of your password:
          <code className="mt-1 block break-words">curl -H "Authorization: Bearer gst_…" {location.origin}/api/v1/projects</code>
        </Empty>
      ) : (
        <ul className="rows">
          {tokens.map((token) => (
            <li key={token.id} className="flex items-center gap-3 px-4 py-3">
              <div className="min-w-0 flex-1">
                <p className="font-medium">
                  {token.name} <code className="text-sm font-normal text-faint">…{token.hint}</code>
                </p>
                <p className="text-sm text-soft">{token.scopes.includes('*') ? 'everything you may do' : token.scopes.join(', ')}</p>
                <p className="text-sm text-faint">
                  {token.last_used_at ? <>used <Ago at={token.last_used_at} /></> : 'never used'}
                  {token.expires_at && ` · until ${date(token.expires_at)}`}
                </p>
              </div>
              <Button size="small" kind="danger" onClick={() => setEnding(token)}>
                Delete
              </Button>
            </li>
          ))}
        </ul>
      )}
      <Suspense>
        {adding && <AddToken onClose={() => setAdding(false)} onMade={(made) => { setAdding(false); setSecret(made); }} />}
        {secret && <NewSecret title="Your new token" note="It is shown this once." secret={secret} onClose={() => setSecret(null)} />}
        {ending && (
          <Confirm
            title={`Delete ${ending.name}?`}
            effect="Programs that use it are refused from now on."
            action="Delete"
            busy={remove.isPending}
            onClose={() => setEnding(null)}
            onConfirm={() => remove.mutate(ending.id)}
          />
        )}
      </Suspense>
    </section>
  );
}
