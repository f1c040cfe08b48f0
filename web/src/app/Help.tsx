// What keys do, and where more is written.
import { Dialog } from '@/ui/Dialog';
import { CheckField } from '@/ui/Field';
import { setPreferences, usePreferences } from './preferences';
import { SHORTCUTS } from './shortcuts';

export default function Help({ onClose }: { onClose: () => void }) {
  const { shortcuts } = usePreferences();
  return (
    <Dialog open onClose={onClose} title="Keys">
      <dl className="grid grid-cols-[auto_1fr] items-baseline gap-x-5 gap-y-2.5">
        {SHORTCUTS.map(([keys, what]) => (
          <div key={keys} className="contents">
            <dt>
              <kbd className="rounded border border-edge bg-well px-1.5 py-0.5 text-xs">{keys}</kbd>
            </dt>
            <dd className="text-sm text-soft">{what}</dd>
          </div>
        ))}
      </dl>
      <div className="mt-5 border-t border-line pt-4">
        <CheckField label="Single keys do something" checked={shortcuts} onChange={(event) => setPreferences({ shortcuts: event.target.checked })} />
      </div>
      <p className="mt-4 text-sm text-soft">
        Programs speak to this server too:{' '}
        <a className="link" href="/api-docs" target="_blank" rel="noreferrer">
          API documentation
        </a>
        .
      </p>
    </Dialog>
  );
}
