// Shows the toasts, and holds the two live regions.
import { X } from 'lucide-react';
import { Button } from './Button';
import { StateSign } from './State';
import { dismiss, useSpoken, useToasts } from './toast';

export function Toaster() {
  const toasts = useToasts();
  const spoken = useSpoken();
  return (
    <>
      <div className="sr-only" role="status" aria-live="polite">
        {spoken.polite}
      </div>
      <div className="sr-only" role="alert">
        {spoken.alert}
      </div>
      <ol
        aria-live="polite"
        aria-label="Messages"
        className="pointer-events-none fixed inset-x-3 bottom-20 z-50 ml-auto grid max-w-sm gap-2 sm:right-5 sm:bottom-5 sm:left-auto sm:w-96"
      >
        {toasts.map((each) => (
          <li
            key={each.id}
            data-tone={each.tone}
            className="panel pointer-events-auto flex items-start gap-2.5 bg-raised py-2 pr-2 pl-3 shadow-(--lift) animate-[rise_160ms_ease-out]"
          >
            {each.tone !== 'off' && (
              <StateSign sign={each.tone === 'ok' ? 'flow' : each.tone === 'info' ? 'info' : 'alert'} size={16} className="mt-1.5 flex-none text-(--tone)" />
            )}
            <div className="min-w-0 flex-1 py-1 text-sm">
              <p className="font-medium">{each.text}</p>
              {each.detail && <p className="text-soft">{each.detail}</p>}
            </div>
            {each.undo && (
              <Button
                size="small"
                onClick={() => {
                  each.undo?.();
                  dismiss(each.id);
                }}
              >
                Undo
              </Button>
            )}
            <Button kind="quiet" size="icon-small" aria-label="Dismiss" onClick={() => dismiss(each.id)}>
              <X size={15} aria-hidden />
            </Button>
          </li>
        ))}
      </ol>
    </>
  );
}
