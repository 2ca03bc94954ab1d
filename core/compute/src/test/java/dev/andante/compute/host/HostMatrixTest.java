package dev.andante.compute.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.BackendException;
import org.junit.jupiter.api.Test;

class HostMatrixTest {

  @Test
  void onDemandOnlyRowsThatWereAskedForTakeMemory() {
    HostMatrix most = HostMatrix.onDemand(100, 8);
    assertThat(most.data()).isEmpty();
    assertThat(most.rows(3).data()).hasSize(3 * 8);
    assertThat(most.rows(2).data()).hasSize(3 * 8);
    assertThat(most.rows(4).data()).hasSize(6 * 8); // twice as many: so few steps lead to all
    assertThat(most.rows(99).segment().byteSize()).isEqualTo(4L * 99 * 8);
    assertThat(most.rows(100).data()).hasSize(100 * 8);
  }

  @Test
  void ofWhatIsOnDemandNothingIsTakenAfterClose() {
    HostMatrix most = HostMatrix.onDemand(100, 8);
    HostMatrix view = most.rows(3);
    most.close();
    HostMatrix later = most.rows(5);
    assertThatThrownBy(view::data).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(later::segment).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void whatCouldNeverFitFailsAtOnceAndSaysWhatItNeeds() {
    long heap = Runtime.getRuntime().maxMemory();
    int rows = (int) Math.min(500_000_000, heap / 16); // 4 columns: as many bytes as the heap has
    assertThatThrownBy(() -> HostMatrix.onDemand(rows, 4))
        .isInstanceOf(BackendException.class)
        .hasMessageContaining(16L * rows + " bytes of heap")
        .hasMessageContaining("-Xmx");
  }
}
