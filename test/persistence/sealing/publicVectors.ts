/**
 * Public test vectors, in hex.
 *
 * - AES-256-GCM: NIST CAVP, gcmEncryptExtIV256.rsp and gcmDecrypt256.rsp (96-bit nonce, 128-bit tag),
 *   the first of each combination of lengths taken.
 * - HMAC-SHA-256 and HMAC-SHA-512: RFC 4231, test cases 1 to 4, 6 and 7.
 * - HKDF-SHA-256: RFC 5869, test cases A.1 to A.3.
 *
 * @module
 */

export const GCM_SEALED = [
  {
    key: 'b52c505a37d78eda5dd34f20c22540ea1b58963cf8e5bf8ffa85f9f2492505b4',
    nonce: '516c33929df5a3284ff463d7',
    associated: '',
    plaintext: '',
    sealed: 'bdc1ac884d332457a1d2664f168c76f0',
  },
  {
    key: '886cff5f3e6b8d0e1ad0a38fcdb26de97e8acbe79f6bed66959a598fa5047d65',
    nonce: '3a8efa1cd74bbab5448f9945',
    associated: '519fee519d25c7a304d6c6aa1897ee1eb8c59655',
    plaintext: '',
    sealed: 'f6d47505ec96c98a42dc3ae719877b87',
  },
  {
    key: '03ccb7dbc7b8425465c2c3fc39ed0593929ffd02a45ff583bd89b79c6f646fe9',
    nonce: 'fd119985533bd5520b301d12',
    associated:
      '98e68c10bf4b5ae62d434928fc6405147c6301417303ef3a703dcfd2c0c339a4d0a89bd29fe61fecf1066ab06d7a5c31a48ffbfed22f749b17e9bd0dc1c6f8fbd6fd4587184db964d5456132106d782338c3f117ec05229b0899',
    plaintext: '',
    sealed: 'cf54e7141349b66f248154427810c87a',
  },
  {
    key: '31bdadd96698c204aa9ce1448ea94ae1fb4a9a0b3c9d773b51bb1822666b8f22',
    nonce: '0d18e06c7c725ac9e362e1ce',
    associated: '',
    plaintext: '2db5168e932556f8089a0622981d017d',
    sealed: 'fa4362189661d163fcd6a56d8bf0405ad636ac1bbedd5cc3ee727dc2ab4a9489',
  },
  {
    key: '83688deb4af8007f9b713b47cfa6c73e35ea7a3aa4ecdb414dded03bf7a0fd3a',
    nonce: '0b459724904e010a46901cf3',
    associated: '794a14ccd178c8ebfd1379dc704c5e208f9d8424',
    plaintext: '33d893a2114ce06fc15d55e454cf90c3',
    sealed: 'cc66bee423e3fcd4c0865715e95866960fb291bd3dba94a1dfd8b286cfb97ac5',
  },
  {
    key: '80d755e24d129e68a5259ec2cf618e39317074a83c8961d3768ceb2ed8d5c3d7',
    nonce: '7598c07ba7b16cd12cf50813',
    associated:
      '0e94f4c48fd0c9690c853ad2a5e197c5de262137b69ed0cdfa28d8d12413e4ffff15374e1cccb0423e8ed829a954a335ed705a272ad7f9abd1057c849bb0d54b768e9d79879ec552461cc04adb6ca0040c5dd5bc733d21a93702',
    plaintext: '5e7fd1298c4f15aa0f1c1e47217aa7a9',
    sealed: '5762a38cf3f2fdf3645d2f6696a7eead8a6708e69468915c5367573924fe1ae3',
  },
  {
    key: '82c4f12eeec3b2d3d157b0f992d292b237478d2cecc1d5f161389b97f999057a',
    nonce: '7b40b20f5f397177990ef2d1',
    associated: '',
    plaintext: '982a296ee1cd7086afad976945',
    sealed: 'ec8e05a0471d6b43a59ca5335f113ddeafc62373cac2f5951bb9165249',
  },
  {
    key: '69b458f2644af9020463b40ee503cdf083d693815e2659051ae0d039e606a970',
    nonce: '8d1da8ab5f91ccd09205944b',
    associated: '036ad5e5494ef817a8af2f5828784a4bfedd1653',
    plaintext: 'f3e0e09224256bf21a83a5de8d',
    sealed: 'c0a62d77e6031bfdc6b13ae217a794a9aaee48cd92e47761bf1baff0af',
  },
  {
    key: 'ff9506b4d46ba54128876fadfcc673a4c927c618ea7d95cfcaa508cbc8f7fc66',
    nonce: '3742ad2208a0484345eee1be',
    associated:
      'f1360a27fdc244be8739d85af6491c762a693aafe668c449515fdeeedb6a90aeee3891bbc8b69adc6a6426cb12fcdebc32c9f58c5259d128b91efa28620a3a9a0168b0ff5e76951cb41647ba4aa1f87fac0d97ac580e42cffc7e',
    plaintext: '7fd0d6cadc92cad27bb2d7d8c8',
    sealed: 'bdb8346b28eb4d7226493611a67484d827b767647f44c7f94a39f8175c',
  },
  {
    key: '268ed1b5d7c9c7304f9cae5fc437b4cd3aebe2ec65f0d85c3918d3d3b5bba89b',
    nonce: '9ed9d8180564e0e945f5e5d4',
    associated: '',
    plaintext: 'fe29a40d8ebf57262bdb87191d01843f4ca4b2de97d88273154a0b7d9e2fdb80',
    sealed:
      '791a4a026f16f3a5ea06274bf02baab469860abde5e645f3dd473a5acddeecfc05b2b74db0662550435ef1900e136b15',
  },
  {
    key: '5853c020946b35f2c58ec427152b840420c40029636adcbb027471378cfdde0f',
    nonce: 'eec313dd07cc1b3e6b068a47',
    associated: '1389b522c24a774181700553f0246bbabdd38d6f',
    plaintext: 'ce7458e56aef9061cb0c42ec2315565e6168f5a6249ffd31610b6d17ab64935e',
    sealed:
      'eadc3b8766a77ded1a58cb727eca2a9790496c298654cda78febf0da16b6903b3d49a5b32fde7eafcce90079217ffb57',
  },
  {
    key: '26bf255bee60ef0f653769e7034db95b8c791752754e575c761059e9ee8dcf78',
    nonce: 'cecd97ab07ce57c1612744f5',
    associated:
      'afebbe9f260f8c118e52b84d8880a34622675faef334cdb41be9385b7d059b79c0f8a432d25f8b71e781b177fce4d4c57ac5734543e85d7513f96382ff4b2d4b95b2f1fdbaf9e78bbd1db13a7dd26e8a4ac83a3e8ab42d1d545f',
    plaintext: '96983917a036650763aca2b4e927d95ffc74339519ed40c4336dba91edfbf9ad',
    sealed:
      'e34b1540a769f7913331d66796e00bdc3ee0f258cf244eb7663375cc5ad6c6583841f02beb7a7fca7e578922d0a2f80c',
  },
  {
    key: '1fded32d5999de4a76e0f8082108823aef60417e1896cf4218a2fa90f632ec8a',
    nonce: '1f3afa4711e9474f32e70462',
    associated: '',
    plaintext:
      '06b2c75853df9aeb17befd33cea81c630b0fc53667ff45199c629c8e15dce41e530aa792f796b8138eeab2e86c7b7bee1d40b0',
    sealed:
      '91fbd061ddc5a7fcc9513fcdfdc9c3a7c5d4d64cedf6a9c24ab8a77c36eefbf1c5dc00bc50121b96456c8cd8b6ff1f8b3e480f30096d340f3d5c42d82a6f475def23eb',
  },
  {
    key: '24501ad384e473963d476edcfe08205237acfd49b5b8f33857f8114e863fec7f',
    nonce: '9ff18563b978ec281b3f2794',
    associated: 'adb5ec720ccf9898500028bf34afccbcaca126ef',
    plaintext:
      '27f348f9cdc0c5bd5e66b1ccb63ad920ff2219d14e8d631b3872265cf117ee86757accb158bd9abb3868fdc0d0b074b5f01b2c',
    sealed:
      'eb7cb754c824e8d96f7c6d9b76c7d26fb874ffbf1d65c6f64a698d839b0b06145dae82057ad55994cf59ad7f67c0fa5e85fab8bc95c532fecc594c36d1550286a7a3f0',
  },
  {
    key: '148579a3cbca86d5520d66c0ec71ca5f7e41ba78e56dc6eebd566fed547fe691',
    nonce: 'b08a5ea1927499c6ecbfd4e0',
    associated:
      'e4f963f015ffbb99ee3349bbaf7e8e8e6c2a71c230a48f9d59860a29091d2747e01a5ca572347e247d25f56ba7ae8e05cde2be3c97931292c02370208ecd097ef692687fecf2f419d3200162a6480a57dad408a0dfeb492e2c5d',
    plaintext:
      '9d0b15fdf1bd595f91f8b3abc0f7dec927dfd4799935a1795d9ce00c9b879434420fe42c275a7cd7b39d638fb81ca52b49dc41',
    sealed:
      '2097e372950a5e9383c675e89eea1c314f999159f5611344b298cda45e62843716f215f82ee663919c64002a5c198d7878fd3fadbecdb0d5c2224d804d2886ff9a5760',
  },
] as const;

/** Each must fail to open. */
export const GCM_FORGED = [
  {
    key: 'e5a8123f2e2e007d4e379ba114a2fb66e6613f57c72d4e4f024964053028a831',
    nonce: '51e43385bf533e168427e1ad',
    associated: '',
    sealed: '38fe845c66e66bdd884c2aecafd280e6',
  },
  {
    key: 'c0b46dc989a7bd45c15553e86a0bf206bf85a5222df1d5a7c8620ec8fa94cb95',
    nonce: 'c140cffdba21d9226eca8284',
    associated: '410a4afa61dd30c2d687ba9cba18fe8a0cd37d58',
    sealed: '54ba2bc9b8621d84e936c839c0de7118',
  },
  {
    key: 'c997768e2d14e3d38259667a6649079de77beb4543589771e5068e6cd7cd0b14',
    nonce: '835090aed9552dbdd45277e2',
    associated: '',
    sealed: '9f6607d68e22ccf21928db0986be126ef32617f67c574fd9f44ef76ff880ab9f',
  },
  {
    key: '041ef9cd359ac65b7937dcee46778d19dc32a312c81edc15dbc8918df75081f0',
    nonce: '4bf5a7c50201a6586b1dcdb5',
    associated: '10980f54fdbd18e49a48cf74ecbbb7e9d22083a3',
    sealed: '2c24ef09b6a01b5f200c59284316fa5636c2da827d58cdc8cd3faf0a335b1846',
  },
  {
    key: '8b37c4b8cf634704920059866ad96c49e9da502c63fca4a3a7a4dcec74cb0610',
    nonce: 'cb59344d2b06c4ae57cd0ea4',
    associated: '',
    sealed: '66ab935c93555e786b775637a3d8733acbb564d8afaa99d7ca2e2f92a9',
  },
  {
    key: 'de1bb0d8acd23457c593c490e45858698d9acb887cf12c4a2931ea14a010a985',
    nonce: 'a787cb34d6f88921f036b833',
    associated: '6ffa289ec67aa3c1f8b4068af8d9acadc434cfc2',
    sealed: 'ca0e93b01a47910918c18f1d7aef745fdf7d78d283b39a4597ca82f8cb',
  },
  {
    key: 'a6da42afcc5b86f989910f7d27f29362a4e4a07ab9b7090d5820cbf97faf0729',
    nonce: 'fa099d57bdcec5b25ee2e20d',
    associated: '',
    sealed:
      'c70900c56aaedf2af746e834d39af7eed53b86b1e832d9f72bcf35ecf814428244d3f379ca0c4afa71b147bc84d49143',
  },
  {
    key: 'c444d2bc6b0f14b306d7afbf9b0c84d9f2fcd2730df6d656402a184143a4eeb1',
    nonce: '89a840f9fede6fb08cce158e',
    associated: 'aaade9efaed6435e3130b9c36d8a82d201cce2a8',
    sealed:
      'ff15d0cdaf9b5390018a881a759183ae5cf702b9550cac2de78ad2c6d0da5af18655bd8d3213f0873d530c326a2fc15c',
  },
  {
    key: '28ae911ee685872d906de12d7696351df8ef2234a74a95efa4ea15b327338fe0',
    nonce: '2fe6a815d4865181fade5fac',
    associated: '',
    sealed:
      '1168442ef64656ef6577fb42c1919c84aae856388e4db9945bb8c9b8412bbe6458bc400444d5d2bf2630f83468f66f9e46e790b75f616fd1a3d6563b62b899e5a7e522',
  },
  {
    key: 'e9d381a9c413bee66175d5586a189836e5c20f5583535ab4d3f3e612dc21700e',
    nonce: '23e81571da1c7821c681c7ca',
    associated: '6f39c9ae7b8e8a58a95f0dd8ea6a9087cbccdfd6',
    sealed:
      'a25f3f580306cd5065d22a6b7e9660110af7204bb77d370f7f34bee547feeff7b32a596fce29c9040e68b1589aad48da8819905b6dcd70eefb0892fab1539298b92a4b',
  },
] as const;

export const HMAC = [
  {
    key: '0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b',
    message: '4869205468657265',
    sha256: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    sha512:
      '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854',
  },
  {
    key: '4a656665',
    message: '7768617420646f2079612077616e7420666f72206e6f7468696e673f',
    sha256: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    sha512:
      '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
  },
  {
    key: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    message:
      'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd',
    sha256: '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
    sha512:
      'fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb',
  },
  {
    key: '0102030405060708090a0b0c0d0e0f10111213141516171819',
    message:
      'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd',
    sha256: '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b',
    sha512:
      'b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd',
  },
  {
    key: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    message:
      '54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374',
    sha256: '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    sha512:
      '80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598',
  },
  {
    key: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    message:
      '5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b2d73697a65206b657920616e642061206c6172676572207468616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565647320746f20626520686173686564206265666f7265206265696e6720757365642062792074686520484d414320616c676f726974686d2e',
    sha256: '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
    sha512:
      'e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58',
  },
] as const;

export const HKDF = [
  {
    key: '0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b',
    salt: '000102030405060708090a0b0c',
    info: 'f0f1f2f3f4f5f6f7f8f9',
    length: 42,
    output: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  },
  {
    key: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f',
    salt: '606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf',
    info: 'b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff',
    length: 82,
    output:
      'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
  },
  {
    key: '0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b',
    salt: '',
    info: '',
    length: 42,
    output: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
  },
] as const;
