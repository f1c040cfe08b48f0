// What is wrong with a destination, in plain words first, and the one thing to do about it.
import type { Destination } from '@/api/types';
import { Button } from '@/ui/Button';
import { SEVERITY } from '@/words/states';

interface Props {
  destination: Destination;
  onEdit: (() => void) | null;
  onRetry: (() => void) | null;
  busy: boolean;
}

const SHOWN = new Set(['retrying', 'failed']);

export function DestinationTrouble({ destination: { output }, onEdit, onRetry, busy }: Props) {
  const warns = output.state === 'sending' && output.severity !== 'ok' && output.severity !== 'info';
  if (!SHOWN.has(output.state) && !warns) return null;
  return (
    <div className="mt-2.5 flex flex-wrap items-start gap-x-4 gap-y-2 sm:pl-12">
      <div className="min-w-0 flex-1 basis-60 text-sm">
        <p className="font-medium text-(--tone)" data-tone={SEVERITY[output.severity].tone}>
          {output.title}
        </p>
        {output.what_to_do && <p className="text-soft">{output.what_to_do}</p>}
        {output.detail && (
          <details className="text-faint">
            <summary className="py-0.5 text-[0.82rem]">What it said</summary>
            <p className="font-mono text-xs break-words">{output.detail}</p>
          </details>
        )}
      </div>
      {!warns && (
        <div className="flex gap-1.5">
          {output.state === 'failed' && onEdit && (
            <Button size="small" onClick={onEdit}>
              Edit
            </Button>
          )}
          {onRetry && (
            <Button size="small" busy={busy} onClick={onRetry}>
              Retry now
            </Button>
          )}
        </div>
      )}
    </div>
  );
}
