package dev.andante.prefill;

import dev.andante.host.model.EarlyModel;
import dev.andante.service.ServiceLauncher;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** The prefill service. */
@SpringBootApplication(proxyBeanMethods = false)
public class PrefillApplication {

  public static void main(String[] args) {
    ServiceLauncher.of(PrefillApplication.class, "prefill")
        .initializers(new EarlyModel())
        .run(args);
  }
}
