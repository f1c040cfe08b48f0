// What the doctor says of this machine, what is wrong first.
import { useSuspenseQuery } from '@tanstack/react-query';
import { CircleAlert, CircleCheck, CircleX } from 'lucide-react';
import { checksQuery } from '@/api/queries';
import type { Check } from '@/api/types';
import { Empty } from '@/ui/Empty';
import { sentence } from '@/words/format';

const LOOK = {
  fail: { tone: 'bad', icon: CircleX, word: 'Failed' },
  warn: { tone: 'warn', icon: CircleAlert, word: 'Warning' },
  ok: { tone: 'ok', icon: CircleCheck, word: 'Good' },
} as const;
const ORDER: Check['state'][] = ['fail', 'warn', 'ok'];

export function Checks() {
  const checks = useSuspenseQuery(checksQuery).data;
  const sorted = checks.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
  if (sorted.length === 0) return <Empty title="Nothing was checked" />;
  return (
    <ul className="rows">
      {sorted.map(({ id, title, state, detail, what_to_do }) => {
        const { tone, icon: Icon, word } = LOOK[state] ?? LOOK.warn;
        return (
          <li key={id} data-tone={tone} className="flex gap-3 px-4 py-2.5">
            <Icon size={18} className="mt-0.5 flex-none text-(--tone)" aria-hidden />
            <div className="min-w-0 flex-1">
              <p className="font-medium">
                {title}
                <span className="sr-only">: {word}</span>
              </p>
              <p className="text-sm break-words text-faint">{detail}</p>
              {what_to_do && state !== 'ok' && <p className="text-sm text-soft">{sentence(what_to_do)}</p>}
            </div>
          </li>
        );
      })}
    </ul>
  );
}
