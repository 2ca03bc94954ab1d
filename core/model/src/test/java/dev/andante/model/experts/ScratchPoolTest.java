package dev.andante.model.experts;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScratchPoolTest {

  private final List<Piece> made = new ArrayList<>();
  private final ScratchPool<Piece> pool = new ScratchPool<>(this::make);

  private static final class Piece implements Scratch {
    private final int capacity;
    private boolean closed;

    Piece(int capacity) {
      this.capacity = capacity;
    }

    @Override
    public int capacity() {
      return capacity;
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  private Piece make(int capacity) {
    Piece piece = new Piece(capacity);
    made.add(piece);
    return piece;
  }

  @Test
  void reusesWhatIsLargeEnough() {
    Piece first = pool.acquire(5);
    pool.release(first);

    assertThat(first.capacity()).isEqualTo(8);
    assertThat(pool.acquire(8)).isSameAs(first);
    assertThat(made).hasSize(1);
  }

  @Test
  void replacesWhatIsTooSmall() {
    Piece small = pool.acquire(1);
    pool.release(small);

    assertThat(pool.acquire(9).capacity()).isEqualTo(16);
    assertThat(small.closed).isTrue();
  }

  @Test
  void givesEachUserItsOwn() {
    assertThat(pool.acquire(1)).isNotSameAs(pool.acquire(1));
  }

  @Test
  void closesWhatIsIdle() {
    Piece piece = pool.acquire(1);
    pool.release(piece);

    pool.close();

    assertThat(piece.closed).isTrue();
  }
}
