// A secret that is shown once.
import { Button } from '@/ui/Button';
import { CopyLine } from '@/ui/Copy';
import { Dialog } from '@/ui/Dialog';

interface Props {
  title: string;
  secret: string;
  /** What happens to it after this. */
  note?: string;
  onClose: () => void;
}

export default function NewSecret({ title, secret, note, onClose }: Props) {
  return (
    <Dialog open onClose={onClose} title={title} {...(note && { description: note })}>
      <div className="grid gap-4">
        <CopyLine value={secret} label={title} />
        <Button className="justify-self-end" kind="primary" onClick={onClose}>
          I have it
        </Button>
      </div>
    </Dialog>
  );
}
