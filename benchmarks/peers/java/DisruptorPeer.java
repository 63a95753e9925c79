import com.lmax.disruptor.BusySpinWaitStrategy;
import com.lmax.disruptor.EventHandler;
import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.dsl.Disruptor;
import com.lmax.disruptor.dsl.ProducerType;
import com.lmax.disruptor.util.DaemonThreadFactory;
import java.util.concurrent.CountDownLatch;

/**
 * One producer, one consumer, as the Disruptor's own one-to-one throughput test has it: events of two ints in place, a busy-spinning
 * consumer that adds them up. With a batch of 1 each event is claimed and published alone; else so many at a time.
 *
 * <p>Arguments: warm-up messages, messages, batch, slots. Prints one fact a line.
 */
public final class DisruptorPeer {
  private static final class Message {
    int sequence;
    int account;
  }

  private static final class Sink implements EventHandler<Message> {
    private final long expected;
    private final CountDownLatch done = new CountDownLatch(1);
    private long count;
    private int checksum;
    private long startNs;
    private long endNs;

    Sink(long expected) {
      this.expected = expected;
    }

    @Override
    public void onEvent(Message message, long sequence, boolean endOfBatch) {
      checksum += message.sequence + message.account;
      count += 1;
      if (count == expected) {
        endNs = System.nanoTime();
        done.countDown();
      }
    }
  }

  private DisruptorPeer() {}

  public static void main(String[] arguments) throws InterruptedException {
    int warmup = Integer.parseInt(arguments[0]);
    int messages = Integer.parseInt(arguments[1]);
    int batch = Integer.parseInt(arguments[2]);
    int slots = Integer.parseInt(arguments[3]);
    // Several short phases: a loop that runs once is compiled while it runs, and not as well.
    for (int phase = 0; phase < 4; phase += 1) stream(warmup / 4, batch, slots);
    Sink sink = stream(messages, batch, slots);
    System.out.println("elapsed_ns " + (sink.endNs - sink.startNs));
    System.out.println("count " + sink.count);
    System.out.println("checksum " + sink.checksum);
    System.out.println("java " + System.getProperty("java.version"));
  }

  private static Sink stream(int messages, int batch, int slots) throws InterruptedException {
    Sink sink = new Sink(messages);
    Disruptor<Message> disruptor =
        new Disruptor<>(Message::new, slots, DaemonThreadFactory.INSTANCE, ProducerType.SINGLE, new BusySpinWaitStrategy());
    disruptor.handleEventsWith(sink);
    RingBuffer<Message> ring = disruptor.start();
    sink.startNs = System.nanoTime();
    if (batch == 1) publishEach(ring, messages);
    else publishBatches(ring, messages, batch);
    sink.done.await();
    disruptor.shutdown();
    return sink;
  }

  private static void publishEach(RingBuffer<Message> ring, int messages) {
    for (int id = 0; id < messages; id += 1) {
      long sequence = ring.next();
      fill(ring.get(sequence), id);
      ring.publish(sequence);
    }
  }

  private static void publishBatches(RingBuffer<Message> ring, int messages, int batch) {
    for (int id = 0; id < messages; ) {
      int size = Math.min(batch, messages - id);
      long last = ring.next(size);
      long first = last - size + 1;
      for (long sequence = first; sequence <= last; sequence += 1) {
        fill(ring.get(sequence), id);
        id += 1;
      }
      ring.publish(first, last);
    }
  }

  private static void fill(Message message, int id) {
    message.sequence = id;
    message.account = id & 1023;
  }
}
