"""One member of each family of backbones, and an image size, for fast tests."""

# Small members; of the families whose small ones are large, the tests run on small images.
MEMBERS = {
    "efficientnet_lite0": 64,
    "alexnet": 64,
    "vgg11": 32,
    "googlenet": 64,
    "resnet18": 64,
    "inception_v3": 75,
    "squeezenet1_1": 64,
    "wide_resnet50_2": 32,
    "densenet121": 32,
    "resnext50_32x4d": 32,
    "mobilenet_v2": 64,
    "shufflenet_v2_x0_5": 64,
    "mnasnet0_5": 64,
}
