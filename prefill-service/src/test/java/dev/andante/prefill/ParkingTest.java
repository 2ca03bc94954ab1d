package dev.andante.prefill;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ParkingTest {

  @Test
  void holdsNoMoreThanItMay() {
    Parking parking = new Parking(100);
    Parking.Place first = parking.take(60);
    assertThat(first).isNotNull();
    assertThat(parking.take(41)).isNull();
    Parking.Place second = parking.take(40);
    assertThat(second).isNotNull();
    first.leave();
    first.leave();
    assertThat(parking.usedBytes()).as("left once").isEqualTo(40);
    second.leave();
    assertThat(parking.usedBytes()).isZero();
    assertThat(new Parking(0).take(1)).isNull();
  }
}
