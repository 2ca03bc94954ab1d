package dev.andante.decode;

import dev.andante.service.ServiceLauncher;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** The decode service. */
@SpringBootApplication
public class DecodeApplication {

  public static void main(String[] args) {
    ServiceLauncher.of(DecodeApplication.class, "decode").run(args);
  }
}
