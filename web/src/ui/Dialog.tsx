// Dialogs over Radix: focus stays inside, Escape closes, and the page behind does not scroll. Loaded when first opened.
import { X } from 'lucide-react';
import { AlertDialog, Dialog as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { Button } from './Button';
import { focusLast } from './lastFocus';

const SHADE = 'fixed inset-0 z-40 bg-(--shade) animate-[fade_120ms]';
const SHEET =
  'fixed inset-x-0 bottom-0 z-50 max-h-[92dvh] overflow-y-auto rounded-t-2xl border border-line bg-panel shadow-(--lift) animate-[rise_160ms_ease-out] sm:inset-auto sm:top-1/2 sm:left-1/2 sm:w-[calc(100vw-3rem)] sm:-translate-x-1/2 sm:-translate-y-1/2 sm:rounded-panel';

function back(event: Event): void {
  event.preventDefault();
  focusLast();
}

interface Props {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: ReactNode;
  wide?: boolean;
  children: ReactNode;
}

export function Dialog({ open, onClose, title, description, wide, children }: Props) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className={SHADE} />
        <Radix.Content className={`${SHEET} ${wide ? 'sm:max-w-2xl' : 'sm:max-w-lg'}`} onCloseAutoFocus={back} {...(!description && { 'aria-describedby': undefined })}>
          <header className={`sticky top-0 flex gap-3 ${description ? 'items-start' : 'items-center'} border-b border-line bg-panel py-3 pr-2 pl-5`}>
            <div className="min-w-0 flex-1 py-1">
              <Radix.Title className="text-lg leading-snug font-semibold">{title}</Radix.Title>
              {description && <Radix.Description className="text-sm text-soft">{description}</Radix.Description>}
            </div>
            <Radix.Close asChild>
              <Button kind="quiet" size="icon" aria-label="Close">
                <X size={18} aria-hidden />
              </Button>
            </Radix.Close>
          </header>
          <div className="p-5">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface ConfirmProps {
  title: string;
  /** What will happen, in the words of whoever it happens to. */
  effect: ReactNode;
  action: string;
  danger?: boolean;
  busy?: boolean;
  onConfirm: () => void;
  onClose: () => void;
  children?: ReactNode;
}

export function Confirm({ title, effect, action, danger = true, busy, onConfirm, onClose, children }: ConfirmProps) {
  return (
    <AlertDialog.Root open onOpenChange={(next) => !next && onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className={SHADE} />
        <AlertDialog.Content className={`${SHEET} p-5 sm:max-w-md`} onCloseAutoFocus={back}>
          <AlertDialog.Title className="text-lg font-semibold">{title}</AlertDialog.Title>
          <AlertDialog.Description asChild>
            <div className="mt-2 text-soft">{effect}</div>
          </AlertDialog.Description>
          {children && <div className="mt-4">{children}</div>}
          <div className="mt-6 flex justify-end gap-2">
            <AlertDialog.Cancel asChild>
              <Button>Cancel</Button>
            </AlertDialog.Cancel>
            <Button kind={danger ? 'danger' : 'primary'} busy={busy ?? false} onClick={onConfirm}>
              {action}
            </Button>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
