// Tests a destination before the show: each step ticks when the server reports it.
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { Check, Circle, Loader, Minus, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { api, ok } from '@/api/client';
import { keys, testQuery } from '@/api/queries';
import type { Destination, DestinationTest, TestStep } from '@/api/types';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { CheckField } from '@/ui/Field';
import { toastError } from '@/ui/toast';
import { milliseconds } from '@/words/format';
import type { Tone } from '@/words/states';

const STEPS: Record<TestStep['step'], string> = {
  dns: 'Name is found',
  tcp: 'Server answers',
  tls: 'Certificate is good',
  connect: 'It speaks RTMP and takes the address',
  publish: 'Key is accepted',
};

const LOOK: Record<TestStep['state'], { tone: Tone; icon: typeof Check; word: string; spin?: boolean }> = {
  pending: { tone: 'off', icon: Circle, word: 'to come' },
  running: { tone: 'info', icon: Loader, word: 'trying', spin: true },
  ok: { tone: 'ok', icon: Check, word: 'good' },
  failed: { tone: 'bad', icon: X, word: 'failed' },
  skipped: { tone: 'off', icon: Minus, word: 'left out' },
};

/** The net below the event, for a proxy that holds events back. */
const ASK_AGAIN_MS = 1500;

export default function DestinationTestDialog({ destination, onClose }: { destination: Destination; onClose: () => void }) {
  const { id, name } = destination;
  const client = useQueryClient();
  const [publish, setPublish] = useState(false);
  const start = useMutation({
    mutationFn: () => ok(api.POST('/destinations/{id}/test', { params: { path: { id } }, body: { publish } })),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.destinationTest(id) }),
    onError: (error) => toastError('The test did not start', error),
  });
  const test = useSuspenseQuery({
    ...testQuery(id),
    refetchInterval: ({ state }) => (state.data && !state.data.finished_at ? ASK_AGAIN_MS : false),
  }).data;
  const running = start.isPending || (test !== null && !test.finished_at);
  return (
    <Dialog open onClose={onClose} title={`Test ${name}`} description="Nothing of your show is sent.">
      <div className="grid gap-5">
        {test && <Steps test={test} />}
        <CheckField
          label="Also try the key"
          hint={`This begins to publish and stops at once. Some platforms show that to followers.`}
          checked={publish}
          disabled={running}
          onChange={(event) => setPublish(event.target.checked)}
        />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Close</Button>
          <Button kind="primary" busy={running} onClick={() => start.mutate()}>
            {test ? 'Test again' : 'Test'}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

function Steps({ test }: { test: DestinationTest }) {
  const [verdict, tone]: [string, Tone] = !test.finished_at ? ['Testing…', 'info'] : test.ok ? ['Everything answers', 'ok'] : ['It would not work', 'bad'];
  const failed = test.steps.find(({ state }) => state === 'failed');
  useEffect(() => {
    if (test.finished_at) document.getElementById('verdict')?.focus();
  }, [test.finished_at]);
  return (
    <div>
      <ol className="grid gap-1">
        {test.steps.map((step) => (
          <Step key={step.step} step={step} />
        ))}
      </ol>
      <p id="verdict" tabIndex={-1} role="status" data-tone={tone} className="mt-3 font-semibold text-(--tone) outline-none">
        {verdict}
      </p>
      {failed?.what_to_do && <p className="text-sm text-soft">{failed.what_to_do}</p>}
    </div>
  );
}

function Step({ step }: { step: TestStep }) {
  const { tone, icon: Icon, word, spin } = LOOK[step.state];
  return (
    <li data-tone={tone} className="flex items-start gap-3 py-1">
      <Icon size={18} className={`mt-0.5 flex-none text-(--tone) ${spin ? 'animate-spin' : ''}`} aria-hidden />
      <span className="min-w-0 flex-1">
        <span className={step.state === 'pending' || step.state === 'skipped' ? 'text-faint' : ''}>{STEPS[step.step] ?? step.step}</span>
        <span className="sr-only">: {word}</span>
        {step.detail && <span className="block text-sm break-words text-faint">{step.detail}</span>}
      </span>
      {step.took_ms != null && <span className="figure text-sm text-faint">{milliseconds(step.took_ms)}</span>}
    </li>
  );
}
