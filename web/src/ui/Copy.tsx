// A value that is there to be carried elsewhere, with the button that copies it.
import { Check, Copy as CopyIcon } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { Button } from './Button';
import { copyText } from './copy';
import { announce, toast } from './toast';

interface ButtonProps {
  /** What is copied; a function where it has to be asked for first. */
  text: string | (() => Promise<string | null>);
  label: string;
  words?: string;
}

const SHOWN_MS = 1600;

export function CopyButton({ text, label, words }: ButtonProps) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    const value = typeof text === 'string' ? text : await text();
    if (value === null) return;
    if (await copyText(value)) {
      setCopied(true);
      announce(`${label}: copied`);
    } else {
      toast('The browser refused to copy', { tone: 'warn', detail: 'Select the text and copy it by hand.' });
    }
  };
  const Icon = copied ? Check : CopyIcon;
  return (
    <Button size={words ? 'small' : 'icon-small'} kind={words ? 'plain' : 'quiet'} aria-label={words ? undefined : label} onClick={() => void copy()}>
      <Icon size={15} className={copied ? 'text-ok' : ''} aria-hidden />
      {words && (copied ? 'Copied' : words)}
    </Button>
  );
}

/** One line of code with its copy button. */
export function CopyLine({ value, label, shown }: { value: string; label: string; shown?: ReactNode }) {
  return (
    <div className="flex min-h-10 items-center gap-1 rounded-control border border-line bg-well py-0.5 pr-1 pl-3">
      <code className="min-w-0 flex-1 py-1.5 text-sm wrap-anywhere select-all">{shown ?? value}</code>
      <CopyButton text={value} label={label} />
    </div>
  );
}
